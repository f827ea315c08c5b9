{#-
    Whether the valid doses of `series` (dose_1_date …) meet what a criterion of the up-to-date definition asks of their ages
    and of how recent one is. `rules` is the criterion, `school_year` the year. Unknown while a slot it speaks of is empty. A grace
    period, in days, is as in rule_condition.
-#}
{% macro criterion_condition(birth, series='series', grace_days=0) -%}
    {%- set reference_dose_date = slot_date('rules.reference_dose_number', series) -%}
    {%- set ages = [
        ['first_dose_age_from', with_grace(series ~ '.dose_1_date', grace_days), '>='],
        ['first_dose_age_before', series ~ '.dose_1_date', '<'],
        ['reference_dose_age_from', with_grace(reference_dose_date, grace_days), '>='],
        ['reference_dose_age_before', reference_dose_date, '<']
    ] -%}
    {%- for column, date, comparison in ages -%}
    (rules.{{ column }} is null or {{ date }} {{ comparison }} {{ add_period(birth, 'rules.' ~ column) }})
    and {% endfor -%}
    (
        rules.recent_dose_before is null
        or {{ add_period(slot_date('rules.recent_dose_number', series), 'rules.recent_dose_before') }}
        > school_year.assessment_date
    )
{%- endmacro %}
