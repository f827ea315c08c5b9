{#-
    The files that the extracts were read from: extract_name, file, first_row (the source_row_number of its first row) and row_count
    (null where nobody has counted). The reader leaves them beside the extracts; a folder that dbt reads itself has them by name.
-#}
{% macro extract_files_read() -%}
    {%- set folder = env_var('EXTRACTS_DIR', '') -%}
    {%- set recorded = prepared_file(folder, 'extract_files.parquet') if execute and not is_demonstration() -%}
    {%- if recorded -%}
        select
            extract_name,
            file,
            cast(first_row as bigint) as first_row,
            cast(row_count as bigint) as row_count
        from {{ parquet_reader(recorded) }}
    {%- else -%}
        {%- for extract_name in extract_columns() -%}
            {%- set files = [extract_name ~ '.csv'] -%}
            {%- if execute and not is_demonstration() -%}
                {%- set files = extract_files(folder, extract_name) -%}
            {%- endif -%}
            {%- for file in files or [''] %}
        select
            '{{ extract_name }}' as extract_name,
            '{{ file.split('/')[-1] | replace("'", "''") }}' as file,
            cast({{ loop.index0 * 1000000000000 + 1 }} as bigint) as first_row,
            cast(null as bigint) as row_count
            {%- if not files %}
        where 1 = 0
            {%- endif -%}
            {%- if not loop.last %}
        union all
            {%- endif -%}
            {%- endfor -%}
            {%- if not loop.last %}
        union all
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- The path of a file that the reader left beside the extracts; none where it is not there. -#}
{% macro prepared_file(folder, name) -%}
    {{ return(adapter.dispatch('prepared_file')(folder, name)) }}
{%- endmacro %}

{% macro duckdb__prepared_file(folder, name) -%}
    {%- set path = (folder.rstrip('/') ~ '/' ~ name) | replace("'", "''") -%}
    {%- set found = run_query("select file from glob('" ~ path ~ "')").columns[0].values() -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}

{% macro spark__prepared_file(folder, name) -%}
    {%- do run_query(
        "create or replace temporary view files_of_extracts using binaryFile options "
        ~ "(path '" ~ folder ~ "', recursiveFileLookup 'true')"
    ) -%}
    {%- set found = run_query(
        "select path from files_of_extracts where path like '%/" ~ name ~ "'"
    ).columns[0].values() -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}

{% macro parquet_reader(path) -%}
    {{ return(adapter.dispatch('parquet_reader')(path)) }}
{%- endmacro %}

{% macro duckdb__parquet_reader(path) -%}
    read_parquet('{{ path | replace("'", "''") }}')
{%- endmacro %}

{% macro spark__parquet_reader(path) -%}
    parquet.`{{ path }}`
{%- endmacro %}
