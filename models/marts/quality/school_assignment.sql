select
    {{ build_id() }} as build_id,
    {{ definitions() }} as definitions,
    school_year,
    age,
    kind,
    name,
    students,
    records,
    percent
from {{ ref('int_school_assignment') }}
