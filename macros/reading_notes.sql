{#- What the reader noted of the files (reading_notes.parquet); no rows where dbt reads the folder itself, or for the demonstration. -#}
{% macro reading_notes() -%}
    {%- set recorded = prepared_file(env_var('EXTRACTS_DIR', ''), 'reading_notes.parquet') if execute and not is_demonstration() -%}
    {%- set string = dbt.type_string() -%}
    {%- set texts = ['extract_name', 'file', 'column_name', 'kind', 'detail'] -%}
    select
        {%- for text in texts %}
        cast({{ text if recorded else 'null' }} as {{ string }}) as {{ text }},
        {%- endfor %}
        cast({{ 'row_count' if recorded else 'null' }} as bigint) as row_count
    {%- if recorded %}
    from {{ parquet_reader(recorded) }}
    {%- else %}
    where 1 = 0
    {%- endif %}
{%- endmacro %}
