{#-
    The rows of a raw extract, a source, with all of its columns, `not_in_force` and `source_row_number`: those of the files of EXTRACTS_DIR,
    in the demonstration those of a seed. Optional columns that a file lacks are null.
-#}
{% macro extract_rows(relation) -%}
    {%- set extract = extract_columns().get(relation.identifier, {}) -%}
    {%- if is_demonstration() and not extract.is_optional -%}
    (
        select
            *,
            cast(null as {{ dbt.type_string() }}) as not_in_force,
            row_number() over (order by {{ row_position() }}) as source_row_number
        from {{ relation }}
    )
    {%- elif execute -%}
        {%- set columns = extract.required + extract.optional + ['not_in_force'] -%}
        {%- set files = [] if is_demonstration() else adapter.dispatch('extract_files')(env_var('EXTRACTS_DIR'), relation.identifier) -%}
        {%- if files -%}
    {{ adapter.dispatch('rows_of_files')(files, columns) }}
        {%- else -%}
    (
        select
            {%- for column in columns %}
            cast(null as {{ dbt.type_string() }}) as {{ column }},
            {%- endfor %}
            cast(null as bigint) as source_row_number
        where 1 = 0
    )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Each file is numbered from its own million million, so that rows sort by file, then by their place in it. -#}
{% macro duckdb__rows_of_files(files, columns) -%}
    (
    {%- for file in files %}
        {%- set found = adapter.dispatch('columns_of_file')(file) %}
        {%- if not loop.first %}
        union all
        {%- endif %}
        select
            {%- for column in columns %}
            {{ column_of_file(column, found.get(column)) }},
            {%- endfor %}
            {{ 'file_row_number + 1' if file.endswith('.parquet') else 'row_number() over ()' }}
                + {{ loop.index0 * 1000000000000 }} as source_row_number
        from {{ duckdb__file_reader(file) }}
    {%- endfor %}
    )
{%- endmacro %}

{#- A column of an extract as text, or as the date that it is in a Parquet file. -#}
{% macro column_of_file(column, type) -%}
    {%- set string = dbt.type_string() -%}
    {{ return(
        column if type | lower == 'date' else 'cast(' ~ column ~ ' as ' ~ string ~ ') as ' ~ column if type
        else 'cast(null as ' ~ string ~ ') as ' ~ column
    ) }}
{%- endmacro %}

{% macro duckdb__file_reader(file) -%}
    {%- set quoted = "'" ~ (file | replace("'", "''")) ~ "'" -%}
    {%- if file.endswith('.parquet') -%}
        read_parquet({{ quoted }})
    {%- else -%}
        read_csv({{ quoted }}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', skip = 0, comment = '')
    {%- endif -%}
{%- endmacro %}

{#- The file's columns, lower case, each with its type. -#}
{% macro duckdb__columns_of_file(file) -%}
    {%- set found = {} -%}
    {%- for row in run_query('describe select * from ' ~ duckdb__file_reader(file)).rows -%}
        {%- do found.update({(row[0] | lower | trim): row[1]}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The files of one extract in the order in which they are read: <name>.csv, <name>.parquet, <name>/*.parquet or <name>_*.csv. -#}
{% macro duckdb__extract_files(folder, extract_name) -%}
    {%- set base = folder.rstrip('/') ~ '/' ~ extract_name -%}
    {%- set forms = [] -%}
    {%- for pattern in ['.csv', '.parquet', '/*.parquet', '_*.csv'] -%}
        {%- set files = duckdb__files_below(base ~ pattern) -%}
        {%- if files -%}
            {%- do forms.append(files) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if forms | length > 1 -%}
        {%- do stands_twice(extract_name, folder, forms[0][0], forms[1][0]) -%}
    {%- endif -%}
    {{ return(forms[0] if forms else []) }}
{%- endmacro %}

{% macro stands_twice(extract_name, folder, one, another) -%}
    {%- do exceptions.raise_compiler_error(
        "Extract '" ~ extract_name ~ "' stands twice in " ~ folder ~ ": as " ~ one ~ " and as " ~ another ~ ". Keep one of them."
    ) -%}
{%- endmacro %}

{#- Files by a pattern. -#}
{% macro duckdb__files_below(pattern) -%}
    {{ return(run_query("select file from glob('" ~ (pattern | replace("'", "''")) ~ "') order by file").columns[0].values() | list) }}
{%- endmacro %}

{#- The files that the extracts are read from, by their names: extract, file, and the number of its first row. -#}
{% macro files_by_name() -%}
    {%- set named = [] -%}
    {%- for name in extract_columns() -%}
        {%- set files = [name ~ '.csv'] if is_demonstration() else adapter.dispatch('extract_files')(env_var('EXTRACTS_DIR'), name) -%}
        {%- for file in files -%}
            {%- do named.append([name, file.split('/')[-1], loop.index0 * 1000000000000 + 1]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(named) }}
{%- endmacro %}

{#- A Parquet file that the reader left beside the extracts, as what a query selects from; none where it is not there. -#}
{% macro prepared_file(name) -%}
    {%- if execute and not is_demonstration() -%}
        {{ return(adapter.dispatch('prepared_file')(env_var('EXTRACTS_DIR').rstrip('/'), name)) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__prepared_file(folder, name) -%}
    {%- set files = duckdb__files_below(folder ~ '/' ~ name) -%}
    {{ return(duckdb__file_reader(files[0]) if files else none) }}
{%- endmacro %}

{#- The place of a row in the seed file that it was loaded from; `dbt build --empty` reads a query without rows, and without a place. -#}
{% macro row_position() -%}
    {{ return('1' if flags.EMPTY else adapter.dispatch('row_position')()) }}
{%- endmacro %}

{% macro duckdb__row_position() -%}
    rowid
{%- endmacro %}
