{{ valid_doses('varicella') }}
