{#-
    What rows of a student are joined on. DuckDB joins whole numbers faster than texts: clients are numbered in the order of their ids.
    On Spark the client id itself is the key, since numbering clients would bring all of them to one worker.
-#}
{% macro student_key(client_id) -%}
    {{ return(adapter.dispatch('student_key')(client_id)) }}
{%- endmacro %}

{% macro duckdb__student_key(client_id) -%}
    case when {{ client_id }} is not null then cast(dense_rank() over (order by {{ client_id }}) as int) end
{%- endmacro %}

{#- The rows of `records` with the student_key of their client; no client of `clients` has the key of an orphan. -#}
{% macro with_student_key(records, clients) -%}
    {{ return(adapter.dispatch('with_student_key')(records, clients)) }}
{%- endmacro %}

{% macro duckdb__with_student_key(records, clients) -%}
    select
        records.*,
        clients.student_key
    from {{ records }} as records
    left join (
        select distinct
            client_id,
            student_key
        from {{ clients }}
    ) as clients
        on records.client_id = clients.client_id
{%- endmacro %}

{#- Where the rows of a query lie from here on: on Spark all rows of a key with one worker, so that nothing after it moves them again. -#}
{% macro distributed_by(key) -%}
    {{ return(adapter.dispatch('distributed_by')(key)) }}
{%- endmacro %}

{% macro duckdb__distributed_by(key) -%}
{%- endmacro %}

{#- What doses of a student and antigen are windowed by: one number sorts faster on DuckDB, on Spark the key keeps them where they lie. -#}
{% macro student_and_antigen(student_key, antigen_number) -%}
    {{ return(adapter.dispatch('student_and_antigen')(student_key, antigen_number)) }}
{%- endmacro %}

{% macro duckdb__student_and_antigen(student_key, antigen_number) -%}
    100 * cast({{ student_key }} as bigint) + {{ antigen_number }}
{%- endmacro %}
