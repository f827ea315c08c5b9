{{ valid_doses('measles') }}
