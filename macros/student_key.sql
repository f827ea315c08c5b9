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

{#- What doses of a student and antigen are windowed by: one number sorts faster on DuckDB, on Spark the key keeps them where they lie. -#}
{% macro student_and_antigen(student_key, antigen_number) -%}
    {{ return(adapter.dispatch('student_and_antigen')(student_key, antigen_number)) }}
{%- endmacro %}

{% macro duckdb__student_and_antigen(student_key, antigen_number) -%}
    100 * cast({{ student_key }} as bigint) + {{ antigen_number }}
{%- endmacro %}

{% macro spark__student_and_antigen(student_key, antigen_number) -%}
    {{ student_key }}, {{ antigen_number }}
{%- endmacro %}
