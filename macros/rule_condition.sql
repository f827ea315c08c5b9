{#-
    One condition of a dose rule as a boolean: true where the rule does not ask for it. `doses` is the dose that is looked
    at, `rules` the rule, `series` the valid doses before it (dose_1_date …).
        history           the ages at the first and at the reference dose
        age_from          old enough
        age_before        young enough
        window            not before 1 September of the birth year plus window_opens_birth_years
        live              far enough from the preceding live dose
        polysaccharide    far enough from the preceding polysaccharide dose
        interval          far enough from the previous and the first valid dose
    With a grace period, in days, every "from" of an age or interval between valid doses is held against that dose's day plus the grace,
    every "before" against the day itself.
-#}
{% macro rule_condition(condition, previous_dose_date=none, slots=0, series='series', grace_days=0) -%}
    {%- set birth = 'doses.date_of_birth' -%}
    {%- set dose_date = 'doses.administered_date' -%}
    {%- set reference_dose_date = slot_date('rules.reference_dose_number', series, slots - 1) -%}
    {%- set history = [
        ['first_dose_age_from', with_grace(series ~ '.dose_1_date', grace_days), '>='],
        ['first_dose_age_before', series ~ '.dose_1_date', '<'],
        ['reference_dose_age_from', with_grace(reference_dose_date, grace_days), '>='],
        ['reference_dose_age_before', reference_dose_date, '<']
    ] -%}
    {%- set intervals = [
        ['interval_from', previous_dose_date], ['first_dose_interval_from', series ~ '.dose_1_date']
    ] -%}
    {%- if condition == 'history' -%}
        {%- for column, date, comparison in history -%}
        {{ ' and ' if not loop.first }}(rules.{{ column }} is null or {{ date }} {{ comparison }} {{ add_period(birth, 'rules.' ~ column) }})
        {%- endfor -%}
    {%- elif condition == 'age_from' -%}
        (rules.age_from is null or {{ with_grace(dose_date, grace_days) }} >= {{ add_period(birth, 'rules.age_from') }})
    {%- elif condition == 'age_before' -%}
        (rules.age_before is null or {{ dose_date }} < {{ add_period(birth, 'rules.age_before') }})
    {%- elif condition == 'window' -%}
        (
            rules.window_opens_birth_years is null
            or {{ dose_date }} >= make_date(
                cast(extract(year from {{ birth }}) as int) + rules.window_opens_birth_years, 9, 1
            )
        )
    {%- elif condition in ['live', 'polysaccharide'] -%}
        (
            rules.{{ condition }}_interval_from is null
            or doses.preceding_{{ condition }}_date is null
            or {{ dose_date }} >= {{ add_period(
                'doses.preceding_' ~ condition ~ '_date', 'rules.' ~ condition ~ '_interval_from'
            ) }}
        )
    {%- elif condition == 'interval' -%}
        {%- for column, date in intervals -%}
        {{ ' and ' if not loop.first }}(
            rules.{{ column }} is null or {{ with_grace(dose_date, grace_days) }} >= {{ add_period(date, 'rules.' ~ column) }}
        )
        {%- endfor -%}
    {%- else -%}
        {%- do exceptions.raise_compiler_error("rule_condition has no condition '" ~ condition ~ "'.") -%}
    {%- endif -%}
{%- endmacro %}
