{#-
    A table of persons is written in buckets by person, as many as a shuffle has partitions: joins, windows and aggregates by person
    then read it without a shuffle. `distribute by` gives each bucket one writer, and is no shuffle where the rows lie so already.
-#}
{% macro spark__create_table_as(temporary, relation, compiled_code, language='sql') -%}
    {%- set keys = ['student_key', 'client_id'] | select('in', model.columns) | list -%}
    {%- if temporary or language != 'sql' or not keys -%}
        {{ return(dbt.spark__create_table_as(temporary, relation, compiled_code, language)) }}
    {%- endif -%}
    create table {{ relation }}
    {%- if config.get('contract').enforced %}
    {{ get_assert_columns_equivalent(compiled_code) }}
    {%- set compiled_code = get_select_subquery(compiled_code) %}
    {%- endif %}
    using parquet
    clustered by ({{ keys[0] }}) into {{ env_var('SPARK_PARTITIONS', '4') }} buckets
    as
    select * from (
        {{ compiled_code }}
    )
    distribute by {{ keys[0] }}
{%- endmacro %}
