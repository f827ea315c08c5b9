{#-
    What rows of a student are joined on. DuckDB joins whole numbers faster than texts. On Spark the client id itself is the key:
    numbering clients would bring all of them to one worker.
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

{#- Where the rows of a query lie from here on: on Spark all rows of a key with one worker, so that nothing after it moves them again. -#}
{% macro distributed_by(key) -%}
    {{ return(adapter.dispatch('distributed_by')(key)) }}
{%- endmacro %}

{% macro default__distributed_by(key) -%}
{%- endmacro %}

{% macro spark__distributed_by(key) -%}
    distribute by {{ key }}
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
