{{ valid_doses('hpv', has_variants=true) }}
