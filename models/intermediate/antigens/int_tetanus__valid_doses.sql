{{ valid_doses('tetanus') }}
