{#-
    What a rule asks, condition by condition: one row per row of `doses` and condition that its rule has. A condition is met where
    subject_date is not before (comparison `from`) or before (`before`) bound_date, which is base_date plus period. `doses` has its
    keys and rule_id; the query that calls has CTE rules with periods as text. A condition is a list: name, SQL of the period, of
    the subject, comparison, SQL of the base and its name, and where not the period but a column says that a rule asks it, that column.
-#}
{% macro listed_conditions(doses, keys, conditions) -%}
    {%- set keys_of_doses = [] -%}
    {%- for key in keys + ['rule_id'] -%}
        {%- do keys_of_doses.append('doses.' ~ key) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for condition in conditions -%}
        {%- do rows.append([
            condition[4] ~ ' is not null and ' ~ (condition[6] if condition | length > 6 else condition[1]) ~ ' is not null',
            loop.index, "'" ~ condition[0] ~ "'", condition[2], "'" ~ condition[3] ~ "'", "'" ~ condition[5] ~ "'", condition[4],
            condition[1]
        ]) -%}
    {%- endfor -%}
    select
        *,
        {{ add_period('base_date', as_period('period')) }} as bound_date,
        coalesce(
            case
                when comparison = 'from' then subject_date >= {{ add_period('base_date', as_period('period')) }}
                else subject_date < {{ add_period('base_date', as_period('period')) }}
            end,
            false
        ) as is_met
    from (
        {{ unpivoted(
            doses ~ ' as doses inner join rules on doses.rule_id = rules.rule_id', keys=keys_of_doses, rows=rows,
            columns=['condition_number', 'condition', 'subject_date', 'comparison', 'base', 'base_date', 'period']
        ) }}
    ) as listed
{%- endmacro %}

{#- The conditions of a dose rule, for listed_conditions. -#}
{% macro dose_rule_conditions() -%}
    {%- set reference_dose_date = slot_date('rules.reference_dose_number', 'doses') -%}
    {%- set dose = 'doses.administered_date' -%}
    {%- set birth = 'doses.date_of_birth' -%}
    {{ return([
        ['not_before_birth', "'0 days'", dose, 'from', birth, 'date of birth'],
        ['first_dose_age_from', 'rules.first_dose_age_from', 'doses.dose_1_date', 'from', birth, 'date of birth'],
        ['first_dose_age_before', 'rules.first_dose_age_before', 'doses.dose_1_date', 'before', birth, 'date of birth'],
        ['reference_dose_age_from', 'rules.reference_dose_age_from', reference_dose_date, 'from', birth, 'date of birth'],
        ['reference_dose_age_before', 'rules.reference_dose_age_before', reference_dose_date, 'before', birth, 'date of birth'],
        ['age_from', 'rules.age_from', dose, 'from', birth, 'date of birth'],
        ['age_before', 'rules.age_before', dose, 'before', birth, 'date of birth'],
        ['window', "concat(cast(rules.window_opens_birth_years as " ~ dbt.type_string() ~ "), ' years')", dose, 'from',
            'make_date(cast(extract(year from doses.date_of_birth) as int), 9, 1)', '1 September of the birth year',
            'rules.window_opens_birth_years'],
        ['live_interval_from', 'rules.live_interval_from', dose, 'from', 'doses.preceding_live_date', 'last live-virus dose before'],
        ['polysaccharide_interval_from', 'rules.polysaccharide_interval_from', dose, 'from',
            'doses.preceding_polysaccharide_date', 'last polysaccharide dose before'],
        ['after_previous_dose', "'1 day'", dose, 'from', 'doses.previous_dose_date', 'valid dose before'],
        ['interval_from', 'rules.interval_from', dose, 'from', 'doses.previous_dose_date', 'valid dose before'],
        ['first_dose_interval_from', 'rules.first_dose_interval_from', dose, 'from', 'doses.dose_1_date', 'first valid dose']
    ]) }}
{%- endmacro %}
