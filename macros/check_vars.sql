{#- Stops a run whose --vars has a name that dbt_project.yml does not (dbt would pass it over and build something else), or a day
    that as_of cannot be. -#}
{% macro check_vars() -%}
    {%- set known = [
        'project_version', 'school_year', 'education_record_window', 'suppress_below', 'as_of', 'recorded_by', 'grace_days'
    ] -%}
    {%- for name in (invocation_args_dict.vars or {}) if execute and name not in known -%}
        {%- do exceptions.raise_compiler_error(
            "--vars: there is no var '" ~ name ~ "'. There are " ~ known | join(', ') ~ "."
        ) -%}
    {%- endfor -%}
    {%- if execute -%}
        {%- do as_of() -%}
    {%- endif -%}
{%- endmacro %}
