{#-
    Conditions of rules on dates, each defined once, in the order in which a refusal names the first that fails. A condition is met if
    its subject is on or after (`from`) or before (`before`) its base plus the period in the rule's column.

    column        of dose_rules and up_to_date_rules, a period there; none, where every dose has to
    text          SQL of the period as the table prints it
    asks          `history`: tests the valid doses before; `dose`: tests the dose itself
    has_grace     coverage_within_reach applies the grace period
    is_if_any     met if there is no base
    is_between_doses  met for the first dose
    reason        of assessment.doses, where it fails
    prose         its sentence in antigen_definitions: text before and after `said`; conditions of one `about` share a sentence

    dose    alias of what has date_of_birth, administered_date and the dates of the doses that interact
    series  alias of what has dose_1_date … of the first `slots` slots, and previous_dose_date
-#}
{% macro rule_conditions(dose='doses', series='doses', rule='rules', slots=slot_count()) -%}
    {%- set birth = dose ~ '.date_of_birth' -%}
    {%- set given = dose ~ '.administered_date' -%}
    {%- set previous_dose = series ~ '.previous_dose_date' -%}
    {%- set first_dose = {
        'asks': 'history', 'subject': series ~ '.dose_1_date', 'base': birth, 'base_name': 'date of birth',
        'about': 'first dose', 'prose': ["'first valid dose at '", "' old'"]
    } -%}
    {%- set reference_dose = {
        'asks': 'history', 'subject': slot_date(rule ~ '.reference_dose_number', series, slots), 'base': birth,
        'base_name': 'date of birth', 'about': 'reference dose',
        'prose': ["'valid dose ' || cast(" ~ rule ~ '.reference_dose_number as ' ~ dbt.type_string() ~ ") || ' at '", "' old'"]
    } -%}
    {%- set conditions = [
        {'name': 'not_before_birth', 'text': "'0 days'", 'base': birth, 'base_name': 'date of birth', 'reason': 'before_birth'},
        dict(first_dose, column='first_dose_age_from', has_grace=true),
        dict(first_dose, column='first_dose_age_before', comparison='before'),
        dict(reference_dose, column='reference_dose_age_from', has_grace=true),
        dict(reference_dose, column='reference_dose_age_before', comparison='before'),
        {'column': 'age_from', 'base': birth, 'base_name': 'date of birth', 'has_grace': true, 'reason': 'too_young',
            'prose': ["''", "' old'"]},
        {'column': 'age_before', 'comparison': 'before', 'base': birth, 'base_name': 'date of birth', 'reason': 'too_old',
            'prose': ["''", "' old'"]},
        {'name': 'window', 'column': 'window_opens_birth_years', 'base_name': '1 September of the birth year',
            'text': 'cast(' ~ rule ~ '.window_opens_birth_years as ' ~ dbt.type_string() ~ ") || ' years'",
            'base': 'make_date(cast(extract(year from ' ~ birth ~ ') as int), 9, 1)', 'reason': 'outside_window',
            'prose': ["'on or after 1 September of the birth year + '", "''"],
            'said': 'cast(' ~ rule ~ '.window_opens_birth_years as ' ~ dbt.type_string() ~ ')'},
        {'column': 'live_interval_from', 'base': dose ~ '.preceding_live_date', 'base_name': 'last live-virus dose before',
            'is_if_any': true, 'reason': 'live_vaccine_interaction',
            'prose': ["'same day as or '", "' after any preceding live-virus dose'"]},
        {'column': 'polysaccharide_interval_from', 'base': dose ~ '.preceding_polysaccharide_date',
            'base_name': 'last polysaccharide dose before', 'is_if_any': true, 'reason': 'polysaccharide_interaction',
            'prose': ["'same day as or '", "' after any preceding polysaccharide dose'"]},
        {'name': 'after_previous_dose', 'text': "'1 day'", 'base': previous_dose, 'base_name': 'valid dose before',
            'is_if_any': true, 'is_between_doses': true},
        {'column': 'interval_from', 'base': previous_dose, 'base_name': 'valid dose before', 'has_grace': true,
            'is_between_doses': true, 'reason': 'interval_too_short', 'prose': ["''", "' after the valid dose before'"]},
        {'column': 'first_dose_interval_from', 'base': series ~ '.dose_1_date', 'base_name': 'first valid dose',
            'has_grace': true, 'is_between_doses': true, 'reason': 'interval_too_short',
            'prose': ["''", "' after the first valid dose'"]}
    ] -%}
    {%- set listed = [] -%}
    {%- for condition in conditions -%}
        {%- set column = condition.get('column') -%}
        {%- do listed.append(dict(
            {
                'name': column, 'column': none, 'text': rule ~ '.' ~ column, 'about': column, 'asks': 'dose', 'subject': given,
                'comparison': 'from', 'has_grace': false, 'is_if_any': false, 'is_between_doses': false, 'reason': none, 'prose': none,
                'said': ("'<'" if condition.get('comparison') == 'before' else "'≥'") ~ ' || ' ~ rule ~ '.' ~ column,
                'period': (rule ~ '.' ~ column) if column else 'cast(' ~ condition.text ~ ' as interval)'
            }, **condition
        )) -%}
    {%- endfor -%}
    {{ return(listed) }}
{%- endmacro %}

{#- Conditions of an up-to-date criterion on the valid doses of `series`: ages, and how recent one is. -#}
{% macro criterion_conditions(dose, series='series', rule='rules', assessment_date='school_year.assessment_date') -%}
    {%- set conditions = [] -%}
    {%- for condition in rule_conditions(dose, series, rule) if condition.asks == 'history' -%}
        {#- Criteria say the ages at the first dose in two sentences. -#}
        {%- do conditions.append(dict(condition, about=condition.column) if condition.about == 'first dose' else condition) -%}
    {%- endfor -%}
    {{ return(conditions + [{
        'name': 'recent_dose_before', 'column': 'recent_dose_before', 'text': rule ~ '.recent_dose_before',
        'period': rule ~ '.recent_dose_before', 'about': 'recent dose', 'subject': assessment_date, 'comparison': 'before',
        'base': slot_date(rule ~ '.recent_dose_number', series), 'base_name': 'valid dose that has to be recent',
        'said': "'<' || " ~ rule ~ '.recent_dose_before', 'is_if_any': false,
        'prose': ["''", "' between valid dose ' || cast(" ~ rule ~ '.recent_dose_number as ' ~ dbt.type_string()
            ~ ") || ' and the assessment date'"]
    }]) }}
{%- endmacro %}
