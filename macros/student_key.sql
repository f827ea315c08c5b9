{#-
    What rows of a student are joined on. DuckDB joins whole numbers faster than texts. On Spark the client id itself is the key: rows
    that lie by client then lie by student as well, and the doses are moved between machines once.
-#}
{% macro student_key(client_id) -%}
    {{ return(adapter.dispatch('student_key')(client_id)) }}
{%- endmacro %}

{% macro duckdb__student_key(client_id) -%}
    cast(row_number() over (order by {{ client_id }}) as int)
{%- endmacro %}

{% macro spark__student_key(client_id) -%}
    {{ client_id }}
{%- endmacro %}

{#- Whether a row of an extract is of a student (or selected client): by client id, which on Spark is the key. -#}
{% macro is_of_student(client_id, student) -%}
    {{ return(adapter.dispatch('is_of_student')(client_id, student)) }}
{%- endmacro %}

{% macro duckdb__is_of_student(client_id, student) -%}
    {{ client_id }} = {{ student }}.client_id
{%- endmacro %}

{% macro spark__is_of_student(client_id, student) -%}
    {{ client_id }} = {{ student }}.student_key
{%- endmacro %}
