{{ valid_doses('pneumococcal') }}
