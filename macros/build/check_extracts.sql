{#-
    Stops a plain dbt build before it replaces anything if an extract or a required column is missing, or if a file or column needs the
    reader (`make build`).
-#}
{% macro check_extracts() -%}
    {%- if execute and not is_demonstration() and flags.WHICH in ['build', 'run']
        and '.immunization_coverage.' in selected_resources | join(' ') -%}
        {%- set folder = env_var('EXTRACTS_DIR') -%}
        {%- set problems = [] -%}
        {%- set all_files = [] -%}
        {#- Words in headers of columns that may say that a row is not in force; the full list is seeds/quality/in_force_headers.csv. -#}
        {%- set stems = 'status|statut|etat|state|disposition|outcome|completion|rxa|delet|delflag|delflg|delind|delyn|isdel'
            ~ '|void|cancel|revo|rescin|rescis|retract|nullif|invalidated|refus|declin|skipped|inerror|erreur|error'
            ~ '|erron|notgiven|notadmin|notdone|nonadmin|nondonn|pasdonn|noshow|inacti|deactivat|inactif|remov'
            ~ '|retir|retrait|withdraw|exit|leav|demit|suspend|expired|contraindicated|missed|scheduled|planned'
            ~ '|defer|motifreport|raisonreport|supprim|suppression|annul|merge|fusion|surviv|duplicate|doublon'
            ~ '|replac|remplac|supersed|obsolete|master|golden|deceased|dead|death|died|dod|deces|decede'
            ~ '|entryreason|transferred|leftdate|lefton|leftat|leftdt|dateleft|datedepart|sortie|état|révo|décéd'
            ~ '|décès' -%}
        {%- set whole = 'active|isactive|activeflag|activeind|actif|current|iscurrent|currentflag|inforce|envigueur|enabled'
            ~ '|given|isgiven|wasgiven|administered|isadministered|done|action|actioncode|op|operation|changetype' -%}
        {%- for name, extract in extract_columns().items() -%}
            {%- set files = extract_files(name) -%}
            {%- do all_files.extend(files) -%}
            {%- if not files and not extract.is_optional -%}
                {%- do problems.append(
                    "Extract '" ~ name ~ "' is missing: " ~ folder ~ " has no " ~ name ~ ".csv, " ~ name ~ ".parquet, " ~ name
                    ~ "/*.parquet or " ~ name ~ "_*.csv."
                ) -%}
            {%- endif -%}
            {%- for file in files -%}
                {%- set found = adapter.dispatch('columns_of_file')(file) -%}
                {#- Without a header the first row is personal data and is not printed. -#}
                {%- set is_header = extract.required | select('in', found) | list -%}
                {%- for column in extract.required if column not in found -%}
                    {%- do problems.append(
                        "Extract '" ~ name ~ "' has no column '" ~ column ~ "' in " ~ file ~ ". "
                        ~ ("Its columns are: " ~ (found.keys() | join(', ')) ~ "." if is_header else "It has no known column: the first row must be the header.")
                    ) -%}
                {%- endfor -%}
                {%- for column in found if column not in extract.required + extract.optional + ['not_in_force'] -%}
                    {%- set letters = column | lower | replace('_', '') | replace(' ', '') | replace('-', '') -%}
                    {%- set is_unrelated = modules.re.search('consent|validity|historical|estimated|forecast', letters) -%}
                    {%- if (modules.re.search(stems, letters) and not is_unrelated) or modules.re.fullmatch(whole, letters) -%}
                        {%- do problems.append(
                            "The column '" ~ column ~ "' in " ~ file ~ " may say that a row is not in force, which dbt alone does "
                            ~ "not read. Build with 'make build'."
                        ) -%}
                    {%- endif -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
        {#-
            Files named like an extract that are not read. A CSV file in a nested folder may be another table, such as results: it lacks
            several required columns, or all of them and its name has other words.
        -#}
        {%- for file in adapter.dispatch('all_files')(folder) if file not in all_files -%}
            {%- set name = file.split('/')[-1] | lower -%}
            {%- set is_nested_csv = file.endswith('.csv') and '/' in file[(folder.rstrip('/') | length) + 1:] -%}
            {%- set resembled = [] -%}
            {%- for extract_name, extract in extract_columns().items() if name.startswith(extract_name[:-1]) -%}
                {%- set columns = adapter.dispatch('columns_of_file')(file) if is_nested_csv else {} -%}
                {%- set known = extract.required | select('in', columns) | list -%}
                {%- set rest = name[:-4] | replace(extract_name, '') -%}
                {%- set is_another = known | length < (extract.required | length) - 1 if known else rest | upper != rest -%}
                {%- if not (is_nested_csv and is_another) -%}
                    {%- do resembled.append(extract_name) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- if resembled and name.split('.')[-1] in ['csv', 'txt', 'tsv', 'gz', 'xlsx', 'xls', 'parquet', 'zip'] -%}
                {%- do problems.append(file ~ " is in a form that dbt alone cannot read.") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if problems -%}
            {%- do problems.append("Build with 'make build', which also reads other file forms, encodings and headers.") -%}
            {%- do exceptions.raise_compiler_error(problems | join('\n')) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__all_files(folder) -%}
    {{ return(duckdb__files_of(folder.rstrip('/') ~ '/**')) }}
{%- endmacro %}
