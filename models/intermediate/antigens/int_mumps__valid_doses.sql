{{ valid_doses('mumps') }}
