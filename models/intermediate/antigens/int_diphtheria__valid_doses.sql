{{ valid_doses('diphtheria') }}
