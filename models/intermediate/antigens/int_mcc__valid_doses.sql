{{ valid_doses('mcc') }}
