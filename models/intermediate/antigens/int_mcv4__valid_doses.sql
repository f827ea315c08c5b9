{{ valid_doses('mcv4') }}
