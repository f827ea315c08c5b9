{#- The rows of one raw extract: the files of EXTRACTS_DIR, or the demonstration seed of the same name. -#}
{% macro extract(extract_name) -%}
    {%- set folder = env_var('EXTRACTS_DIR', '') -%}
    {%- set columns = extract_columns(extract_name) -%}
    {%- if is_demonstration() and columns.may_be_missing -%}
        {{ no_rows(columns) }}
    {%- elif is_demonstration() -%}
        (
        select
            {%- for column in columns.required + columns.optional %}
            {{ column }},
            {%- endfor %}
            cast(null as {{ dbt.type_string() }}) as not_in_force,
            row_number() over (order by {{ row_position() }}) as source_row_number
        from {{ ref(extract_name) }}
    )
    {%- elif not execute -%}
        (select 1 as source_row_number)
    {%- else -%}
        {{ return(adapter.dispatch('read_extract')(folder, extract_name, columns)) }}
    {%- endif -%}
{%- endmacro %}

{#- An extract that is not there: its columns without a row. -#}
{% macro no_rows(columns) -%}
    (
        select
            {%- for column in columns.required + columns.optional + ['not_in_force'] %}
            cast(null as {{ dbt.type_string() }}) as {{ column }},
            {%- endfor %}
            cast(null as bigint) as source_row_number
        where 1 = 0
    )
{%- endmacro %}

{#- Each file is numbered from its own million million, so that rows sort by file, then by their place in it. -#}
{% macro duckdb__read_extract(folder, extract_name, columns) -%}
    {%- set files = extract_files(folder, extract_name) -%}
    {%- if not files -%}
        {{ return(no_rows(columns)) }}
    {%- endif -%}
    (
    {%- for file in files %}
        {%- set found = extract_file_columns(file) %}
        {%- if not loop.first %}
        union all
        {%- endif %}
        select
            {%- for column in columns.required + columns.optional + ['not_in_force'] %}
            {%- set type = found.get(column) %}
            {% if type == 'DATE' -%}
                {{ column }}
            {%- elif type -%}
                cast({{ column }} as varchar) as {{ column }}
            {%- else -%}
                cast(null as varchar) as {{ column }}
            {%- endif %},
            {%- endfor %}
            {% if file.endswith('.parquet') -%}
                file_row_number + {{ loop.index0 * 1000000000000 + 1 }}
            {%- else -%}
                row_number() over () + {{ loop.index0 * 1000000000000 }}
            {%- endif %} as source_row_number
        from {{ extract_file_reader(file) }}
    {%- endfor %}
    )
{%- endmacro %}

{% macro extract_file_reader(file) -%}
    {%- set quoted = "'" ~ (file | replace("'", "''")) ~ "'" -%}
    {%- if file.endswith('.parquet') -%}
        read_parquet({{ quoted }})
    {%- else -%}
        read_csv({{ quoted }}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', skip = 0, comment = '')
    {%- endif -%}
{%- endmacro %}

{#- The file's columns, lower case, each with its type. -#}
{% macro extract_file_columns(file) -%}
    {{ return(adapter.dispatch('extract_file_columns')(file)) }}
{%- endmacro %}

{% macro duckdb__extract_file_columns(file) -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe select * from ' ~ extract_file_reader(file)).rows -%}
        {%- do found.update({(row[0] | lower | trim): row[1]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The files of one extract in the order in which they are read: <name>.csv, <name>.parquet, <name>/*.parquet or <name>_*.csv. -#}
{% macro extract_files(folder, extract_name) -%}
    {{ return(adapter.dispatch('extract_files')(folder, extract_name)) }}
{%- endmacro %}

{% macro duckdb__extract_files(folder, extract_name) -%}
    {%- set base = (folder.rstrip('/') ~ '/' ~ extract_name) | replace("'", "''") -%}
    {%- set patterns = [base ~ '.csv', base ~ '.parquet', base ~ '/*.parquet', base ~ '_*.csv'] -%}
    {%- set forms = [] -%}
    {%- for pattern in patterns -%}
        {%- set files = run_query("select file from glob('" ~ pattern ~ "') order by file").columns[0].values() | list -%}
        {%- if files -%}
            {%- do forms.append(files) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if forms | length > 1 -%}
        {%- do exceptions.raise_compiler_error(
            "Extract '" ~ extract_name ~ "' stands twice in " ~ folder ~ ": as " ~ forms[0][0] ~ " and as " ~ forms[1][0]
            ~ ". Keep one of them."
        ) -%}
    {%- endif -%}
    {{ return(forms[0] if forms else []) }}
{%- endmacro %}

{#-
    Spark reads Parquet: one file, or a folder of files. Rows are numbered as DuckDB numbers them, each file from its own million
    million.
-#}
{% macro spark__read_extract(folder, extract_name, columns) -%}
    {%- set files = extract_files(folder, extract_name) -%}
    {%- if not files -%}
        {{ return(no_rows(columns)) }}
    {%- endif -%}
    {%- set found = extract_file_columns(files[0]) -%}
    (
        select
            {%- for column in columns.required + columns.optional + ['not_in_force'] %}
            {%- set type = found.get(column) %}
            {% if type == 'date' -%}
                {{ column }}
            {%- elif type -%}
                cast({{ column }} as string) as {{ column }}
            {%- else -%}
                cast(null as string) as {{ column }}
            {%- endif %},
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

{% macro spark__extract_file_columns(file) -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe query select * from parquet.`' ~ file ~ '`').rows -%}
        {%- do found.update({(row[0] | lower | trim): row[1]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{% macro spark__extract_files(folder, extract_name) -%}
    {%- do run_query(
        "create or replace temporary view files_of_extracts using binaryFile options "
        ~ "(path '" ~ folder ~ "', recursiveFileLookup 'true')"
    ) -%}
    {%- set files = run_query(
        "select path from files_of_extracts where path like '%/" ~ extract_name ~ ".parquet' or path like '%/" ~ extract_name ~ "/%.parquet'"
        ~ " or path like '%/" ~ extract_name ~ ".parquet/%.parquet' order by path"
    ).columns[0].values() | list -%}
    {%- for file in files if file.rpartition('/')[0] != files[0].rpartition('/')[0] -%}
        {%- do exceptions.raise_compiler_error(
            "Extract '" ~ extract_name ~ "' stands twice in " ~ folder ~ ": as " ~ files[0] ~ " and as " ~ file ~ ". Keep one of them."
        ) -%}
    {%- endfor -%}
    {{ return(files) }}
{%- endmacro %}
