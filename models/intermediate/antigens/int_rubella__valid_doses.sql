{{ valid_doses('rubella') }}
