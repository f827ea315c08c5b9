{#- Spark reads Parquet: one file, or a folder of files. Rows are numbered as on DuckDB, each file from its own 10^12. -#}
{% macro spark__rows_of_files(files, columns) -%}
    {%- set found = spark__columns_of_file(files[0]) -%}
    (
        select
            {%- for column in columns %}
            {{ column if found.get(column) == 'date' else 'cast(' ~ (column if column in found else 'null') ~ ' as string)' }} as {{ column }},
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

{#- One file or folder for each folder with files. -#}
{% macro spark__forms_of_extract(path) -%}
    {%- set folder, _, name = path.rpartition('/') -%}
    {%- set forms = {} -%}
    {%- for form in ['.parquet', '/%.parquet', '.parquet/%.parquet'] -%}
        {%- for file in spark__files_of(folder, name ~ form) -%}
            {%- do forms.setdefault(file.rpartition('/')[0], []).append(file) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(forms.values() | list) }}
{%- endmacro %}

{% macro spark__files_of(folder, pattern) -%}
    {%- do run_query(
        "create or replace temporary view files_of_extracts using binaryFile options (path '" ~ folder ~ "', recursiveFileLookup 'true')"
    ) -%}
    {%- set found = run_query("select path from files_of_extracts where path like '%/" ~ pattern ~ "' order by path") -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}

{% macro spark__prepared_file(folder, name) -%}
    {%- set files = spark__files_of(folder, name) -%}
    {{ return('parquet.`' ~ files[0] ~ '`' if files else none) }}
{%- endmacro %}

{#- A seed is written as one file. -#}
{% macro spark__row_position() -%}
    _metadata.row_index
{%- endmacro %}

{% macro spark__all_files(folder) -%}
    {{ return(spark__files_of(folder, '%')) }}
{%- endmacro %}
