{#- Whether a row of ispa_diseases is designated on a day for somebody born on another. -#}
{% macro is_designated(day, date_of_birth, diseases='diseases') -%}
    (
        ({{ diseases }}.born_from is null or {{ date_of_birth }} >= {{ diseases }}.born_from)
        and ({{ diseases }}.designated_from is null or {{ day }} >= {{ diseases }}.designated_from)
    )
{%- endmacro %}
