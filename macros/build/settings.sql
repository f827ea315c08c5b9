{#-
    Stops a run with an unknown name in --vars, which dbt would ignore, or with a value that does not match `setting_forms`. A project
    that uses this one as a package has its own vars.
-#}
{% macro check_settings() -%}
    {%- set problems = [] -%}
    {%- if project_name == 'immunization_coverage' -%}
        {%- for name in (invocation_args_dict.vars or {}) if execute and name not in var('setting_forms') -%}
            {%- do problems.append("--vars: there is no var '" ~ name ~ "'. The vars are " ~ var('setting_forms') | join(', ') ~ ".") -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for name, form in var('setting_forms').items() -%}
        {%- set value = var(name) | string -%}
        {%- set has_form = modules.re.fullmatch(form.pattern, value) -%}
        {%- if has_form and '-' in value and name in ['as_of', 'recorded_by'] -%}
            {#- A day of the calendar does not move to another month. -#}
            {%- set first_of_month = modules.datetime.date(value[:4] | int, value[5:7] | int, 1) -%}
            {%- set day = first_of_month + modules.datetime.timedelta(days=value[8:] | int - 1) -%}
            {%- set has_form = day.month == first_of_month.month -%}
        {%- endif -%}
        {%- if not has_form -%}
            {%- do problems.append(name ~ " is '" ~ value ~ "': it must be " ~ form.words ~ ".") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set assessment_date = (var('school_year') | int + 1) ~ '-08-31' -%}
    {%- set as_of = var('as_of') | string -%}
    {%- if not problems and as_of != 'assessment_date' and as_of > assessment_date -%}
        {%- do problems.append(
            "as_of is '" ~ as_of ~ "', after the assessment date " ~ assessment_date ~ ": doses given in between would be missing. For a "
            ~ "list of that day build its school year, with school_year: " ~ (as_of[:4] | int - (1 if as_of[5:7] < '09' else 0)) ~ "."
        ) -%}
    {%- endif -%}
    {%- if execute and problems -%}
        {%- do exceptions.raise_compiler_error(problems | join('\n')) -%}
    {%- endif -%}
{%- endmacro %}

{#- The day from which next doses are planned, as SQL: the var `as_of`, or the assessment date. `years` is the alias of int_school_year. -#}
{% macro as_of(years='school_year') -%}
    {{ return(years ~ '.assessment_date' if var('as_of') == 'assessment_date' else "date '" ~ var('as_of') ~ "'") }}
{%- endmacro %}

{#- A school year as tables name it, as SQL, such as '2018-19'; by default the one that is built. -#}
{% macro school_year_label(first_year=none) -%}
    {%- set first_year = (first_year or var('school_year')) | int -%}
    '{{ first_year }}-{{ '%02d' % ((first_year + 1) % 100) }}'
{%- endmacro %}

{#- The first year of the school year whose definitions hold, as SQL: the var `definitions_of`, or `school_year`. -#}
{% macro definitions_year(school_year='school_year.first_year') -%}
    {{ return(school_year if var('definitions_of') == 'school_year' else var('definitions_of') | string) }}
{%- endmacro %}

{#- What marts say in `definitions`, as SQL: the school year whose definitions hold, and the last day of recording if there is one. -#}
{% macro definitions() -%}
    {%- set day = var('recorded_by') | string -%}
    {%- set label = school_year_label(definitions_year(var('school_year'))) | trim | replace("'", '') -%}
    cast('{{ label }}{{ ', recorded by ' ~ day if day != 'any_day' }}' as {{ dbt.type_string() }})
{%- endmacro %}

{#- SQL condition: a row of a table that keeps every year is of this build's school year and definitions. -#}
{% macro is_of_this_build() -%}
    school_year = {{ school_year_label() }} and definitions = {{ definitions() }}
{%- endmacro %}

{% macro is_demonstration() -%}
    {{ return(env_var('EXTRACTS_DIR', '') == '') }}
{%- endmacro %}

{#- Id of the build: dbt's invocation id. -#}
{% macro build_id() -%}
    cast('{{ invocation_id }}' as {{ dbt.type_string() }})
{%- endmacro %}
