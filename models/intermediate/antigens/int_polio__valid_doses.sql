{{ valid_doses('polio') }}
