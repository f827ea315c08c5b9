{#- The slots of a schedule are numbered from 1 without a gap in the school year that is built. -#}
{% test no_gap_in_slots(model) %}
select
    antigen,
    schedule,
    variant,
    'has a gap in its dose_number of the school year {{ var('school_year') }}: they are numbered from 1' as problem
from {{ model }} as rules
where {{ holds_in(var('school_year'), 'rules') }}
group by antigen, schedule, variant
having count(distinct dose_number) <> max(dose_number)
{% endtest %}
