{#- The slots of a schedule are numbered from 1 without a gap in the school year that is built. -#}
{% test no_gap_in_slots(model) %}
select
    antigen,
    schedule,
    variant,
    'has a gap in dose_number in the school year {{ definitions_year(var('school_year')) }}: dose numbers start at 1 without gaps' as problem
from {{ model }} as rules
where {{ holds_in(definitions_year(var('school_year')), 'rules') }}
group by antigen, schedule, variant
having count(distinct dose_number) <> max(dose_number)
{% endtest %}
