{#- Stops a build before it replaces anything where an extract or one of its required columns is missing. -#}
{% macro check_extracts() -%}
    {%- set folder = env_var('EXTRACTS_DIR', '') -%}
    {%- if execute and not is_demonstration() and flags.WHICH in ['build', 'run'] -%}
        {%- set problems = [] -%}
        {%- for extract_name, columns in extract_columns().items() -%}
            {%- set files = extract_files(folder, extract_name) -%}
            {%- if not files and not columns.may_be_missing -%}
                {%- do problems.append(
                    "Extract '" ~ extract_name ~ "' is missing: " ~ folder ~ " has no " ~ extract_name ~ ".csv, "
                    ~ extract_name ~ ".parquet, " ~ extract_name ~ "/*.parquet or " ~ extract_name ~ "_*.csv."
                ) -%}
            {%- endif -%}
            {%- for file in files -%}
                {%- set found = extract_file_columns(file) -%}
                {#- Without headers the first row is somebody's: it is not printed. -#}
                {%- set known = columns.required | select('in', found) | list -%}
                {%- for column in columns.required if column not in found -%}
                    {%- do problems.append(
                        "Extract '" ~ extract_name ~ "' has no column '" ~ column ~ "' in " ~ file ~ ". "
                        ~ ("Its columns are: " ~ (found.keys() | join(', ')) ~ "." if known else "None of its columns is known.")
                    ) -%}
                {%- endfor -%}
                {%- for column in found if column not in columns.required + columns.optional + ['not_in_force'] -%}
                    {%- if may_say_not_in_force(column) -%}
                        {%- do problems.append(
                            "The column '" ~ column ~ "' in " ~ file ~ " may say that a row is not in force, and dbt alone does not "
                            ~ "look into it: build with 'make build', which does."
                        ) -%}
                    {%- endif -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for file in extract_files_unread(folder) -%}
            {%- do problems.append(file ~ " is not in a form that dbt reads alone.") -%}
        {%- endfor -%}
        {%- if problems -%}
            {%- do problems.append("'make build' reads files of other forms, encodings and headers: build with it.") -%}
            {%- do exceptions.raise_compiler_error(problems | join('\n')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Files below the folder that are named like an extract, but are none that dbt reads. -#}
{% macro extract_files_unread(folder) -%}
    {%- set read = [] -%}
    {%- for extract_name in extract_columns() -%}
        {%- do read.extend(extract_files(folder, extract_name)) -%}
    {%- endfor -%}
    {%- set unread = [] -%}
    {%- for file in files_below(folder) if file not in read -%}
        {%- set name = file.split('/')[-1] | lower -%}
        {%- set ending = name.split('.')[-1] -%}
        {%- for extract_name in extract_columns() if file not in unread -%}
            {%- if name.startswith(extract_name[:-1]) and ending in ['csv', 'txt', 'tsv', 'gz', 'xlsx', 'xls', 'parquet', 'zip'] -%}
                {%- if not is_another_table(folder, file, extract_name) -%}
                    {%- do unread.append(file) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(unread) }}
{%- endmacro %}

{#-
    Whether a CSV file in a nested folder is a table of results, say: it has columns of the extract, but lacks several
    required ones, or it has none and its name goes on in other words.
-#}
{% macro is_another_table(folder, file, extract_name) -%}
    {%- if not file.endswith('.csv') or '/' not in file[(folder.rstrip('/') | length) + 1:] -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set required = extract_columns()[extract_name].required -%}
    {%- set known = required | select('in', extract_file_columns(file)) | list -%}
    {%- set rest = file.split('/')[-1][:-4] | lower | replace(extract_name, '') -%}
    {%- if known -%}
        {{ return(known | length < (required | length) - 1) }}
    {%- endif -%}
    {{ return(rest | upper != rest) }}
{%- endmacro %}

{% macro files_below(folder) -%}
    {{ return(adapter.dispatch('files_below')(folder)) }}
{%- endmacro %}

{% macro duckdb__files_below(folder) -%}
    {%- set pattern = (folder.rstrip('/') ~ '/**') | replace("'", "''") -%}
    {{ return(run_query("select file from glob('" ~ pattern ~ "') order by file").columns[0].values() | list) }}
{%- endmacro %}

{#- What extract_files has listed. -#}
{% macro spark__files_below(folder) -%}
    {{ return(run_query('select path from files_of_extracts order by path').columns[0].values() | list) }}
{%- endmacro %}
