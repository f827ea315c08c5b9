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
        {%- if problems -%}
            {%- do exceptions.raise_compiler_error(problems | join('\n')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
