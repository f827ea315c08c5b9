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
        {%- set files = extract_files(relation.identifier) if not is_demonstration() else [] -%}
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

{#- Each file is numbered from its own 10^12, so that rows sort by file, then by row. -#}
{% macro duckdb__rows_of_files(files, columns) -%}
    (
    {%- for file in files %}
        {%- set found = duckdb__columns_of_file(file) %}
        {%- if not loop.first %}
        union all
        {%- endif %}
        select
            {%- for column in columns %}
            {{ column if found.get(column) == 'DATE' else 'cast(' ~ (column if column in found else 'null') ~ ' as varchar)' }} as {{ column }},
            {%- endfor %}
            {{ 'file_row_number + 1' if file.endswith('.parquet') else 'row_number() over ()' }}
                + {{ loop.index0 * 1000000000000 }} as source_row_number
        from {{ duckdb__file_reader(file) }}
    {%- endfor %}
    )
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

{#- The raw extracts of seeds/extracts/_extracts.yml by name: `required` and `optional` columns, and whether it `is_optional`. -#}
{% macro extract_columns() -%}
    {%- set extracts = {} -%}
    {%- for source in (graph.sources or {}).values() if source.source_name == 'panorama' and source.package_name == 'immunization_coverage' -%}
        {%- set extract = {'required': [], 'optional': [], 'is_optional': source.config.meta.is_optional or false} -%}
        {%- for column in source.columns.values() -%}
            {%- do extract['optional' if column.meta.is_optional else 'required'].append(column.name) -%}
        {%- endfor -%}
        {%- do extracts.update({source.name: extract}) -%}
    {%- endfor -%}
    {{ return(extracts) }}
{%- endmacro %}

{#- The files of one extract in the order in which they are read. -#}
{% macro extract_files(name) -%}
    {%- set folder = env_var('EXTRACTS_DIR') -%}
    {%- set forms = adapter.dispatch('forms_of_extract')(folder.rstrip('/') ~ '/' ~ name) -%}
    {%- if forms | length > 1 -%}
        {%- do exceptions.raise_compiler_error(
            "Extract '" ~ name ~ "' exists twice in " ~ folder ~ ": as " ~ forms[0][0] ~ " and as " ~ forms[1][0] ~ ". Keep one of them."
        ) -%}
    {%- endif -%}
    {{ return(forms[0] if forms else []) }}
{%- endmacro %}

{#- <name>.csv, <name>.parquet, <name>/*.parquet or <name>_*.csv. -#}
{% macro duckdb__forms_of_extract(path) -%}
    {%- set forms = [] -%}
    {%- for ending in ['.csv', '.parquet', '/*.parquet', '_*.csv'] -%}
        {%- do forms.append(duckdb__files_of(path ~ ending)) -%}
    {%- endfor -%}
    {{ return(forms | select | list) }}
{%- endmacro %}

{% macro duckdb__files_of(pattern) -%}
    {{ return(run_query("select file from glob('" ~ (pattern | replace("'", "''")) ~ "') order by file").columns[0].values() | list) }}
{%- endmacro %}

{#- SQL that reads a Parquet file of the reader in the extracts folder; none if it does not exist. -#}
{% macro prepared_file(name) -%}
    {%- if execute and not is_demonstration() -%}
        {{ return(adapter.dispatch('prepared_file')(env_var('EXTRACTS_DIR').rstrip('/'), name)) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__prepared_file(folder, name) -%}
    {%- set files = duckdb__files_of(folder ~ '/' ~ name) -%}
    {{ return(duckdb__file_reader(files[0]) if files else none) }}
{%- endmacro %}

{#- Position of a row in its seed file; `dbt build --empty` reads a query without rows and without positions. -#}
{% macro row_position() -%}
    {{ return('1' if flags.EMPTY else adapter.dispatch('row_position')()) }}
{%- endmacro %}

{% macro duckdb__row_position() -%}
    rowid
{%- endmacro %}
