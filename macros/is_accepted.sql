{#- Whether the user accepts a check by name: ACCEPT='students_without_doses …', separated by blanks or commas. -#}
{% macro is_accepted(check_name) -%}
    {%- set names = accepted_checks() -%}
    {%- if names -%}
        {{ check_name }} in ({% for name in names %}'{{ name | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{% macro accepted_checks() -%}
    {{ return(env_var('ACCEPT', '').replace(',', ' ').split() | unique | sort) }}
{%- endmacro %}
