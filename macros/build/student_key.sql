{#-
    Join key of a student. DuckDB joins integers faster than text, so clients are numbered in the order of their ids. On Spark the client
    id itself is the key, since numbering would move all clients to one worker.
-#}
{% macro student_key(client_id) -%}
    {{ return(adapter.dispatch('student_key')(client_id)) }}
{%- endmacro %}

{% macro duckdb__student_key(client_id) -%}
    case when {{ client_id }} is not null then cast(dense_rank() over (order by {{ client_id }}) as int) end
{%- endmacro %}

{#- The rows of `records` with the student_key of their client. -#}
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

{#- On Spark, distributes the rows of a query by a key, so that later joins and windows by it need no shuffle. -#}
{% macro distributed_by(key) -%}
    {{ return(adapter.dispatch('distributed_by')(key)) }}
{%- endmacro %}

{% macro duckdb__distributed_by(key) -%}
{%- endmacro %}

{#- Partition of windows by student and antigen: one number sorts faster on DuckDB; on Spark the plain key avoids a shuffle. -#}
{% macro student_and_antigen(student_key, antigen_number) -%}
    {{ return(adapter.dispatch('student_and_antigen')(student_key, antigen_number)) }}
{%- endmacro %}

{% macro duckdb__student_and_antigen(student_key, antigen_number) -%}
    100 * cast({{ student_key }} as bigint) + {{ antigen_number }}
{%- endmacro %}
