{{ valid_doses('hib') }}
