select
    {{ build_id() }} as build_id,
    {{ definitions() }} as definitions,
    school_year,
    geography,
    phu_id,
    phu_name,
    age,
    students,
    students_counted as students_up_to_date,
    {{ percent('students_counted', 'students') }} as coverage_percent
from {{ ref('int_measures') }}
where measure = 'coverage_all_ispa'
