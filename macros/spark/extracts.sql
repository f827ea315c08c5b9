{#- Spark reads Parquet: one file, or a folder of files. Rows are numbered as DuckDB numbers them, each file from its own million million. -#}
{% macro spark__rows_of_files(files, columns) -%}
    {%- set found = spark__columns_of_file(files[0]) -%}
    (
        select
            {%- for column in columns %}
            {{ column_of_file(column, found.get(column)) }},
            {%- endfor %}
            1000000000000 * coalesce(file_number, raise_error('A file came while the extract was read.')) + row_index + 1
                as source_row_number
        from (
            select
                *,
                _metadata.row_index,
                element_at(map(
                    {%- for file in files %}'{{ file.split('/')[-1] }}', {{ loop.index0 }}{{ ', ' if not loop.last }}{% endfor -%}
                ), _metadata.file_name) as file_number
            from parquet.`{{ files[0] if files | length == 1 else files[0].rpartition('/')[0] }}`
        )
    )
{%- endmacro %}

{% macro spark__columns_of_file(file) -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe query select * from parquet.`' ~ file ~ '`').rows -%}
        {%- do found.update({(row[0] | lower | trim): row[1]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro spark__extract_files(folder, extract_name) -%}
    {%- set files = [] -%}
    {%- for form in ['.parquet', '/%.parquet', '.parquet/%.parquet'] -%}
        {%- do files.extend(spark__files_below(folder, extract_name ~ form)) -%}
    {%- endfor -%}
    {%- for file in files if file.rpartition('/')[0] != files[0].rpartition('/')[0] -%}
        {%- do stands_twice(extract_name, folder, files[0], file) -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}

{% macro spark__files_below(folder, pattern) -%}
    {%- do run_query(
        "create or replace temporary view files_of_extracts using binaryFile options (path '" ~ folder ~ "', recursiveFileLookup 'true')"
    ) -%}
    {%- set found = run_query("select path from files_of_extracts where path like '%/" ~ pattern ~ "' order by path") -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{% macro spark__prepared_file(folder, name) -%}
    {%- set files = spark__files_below(folder, name) -%}
    {{ return('parquet.`' ~ files[0] ~ '`' if files else none) }}
{%- endmacro %}

{#- A seed is written as one file. -#}
{% macro spark__row_position() -%}
    _metadata.row_index
{%- endmacro %}

{% macro spark__all_files(folder) -%}
    {{ return(spark__files_below(folder, '%')) }}
{%- endmacro %}
