{{ valid_doses('pertussis') }}
