{#-
    Holds the build to DUCKDB_MEMORY_LIMIT ('8GB'), by default to three fifths of the machine's memory; what does not fit spills to
    the disk, beside the warehouse. An engine whose memory is set where it is started has nothing to do.
-#}
{% macro limit_memory() -%}
    {{ return(adapter.dispatch('limit_memory')()) }}
{%- endmacro %}

{% macro default__limit_memory() -%}
{%- endmacro %}

{% macro duckdb__limit_memory() -%}
    {%- if execute -%}
        {%- set limit = env_var('DUCKDB_MEMORY_LIMIT', '') -%}
        {%- if not limit -%}
            {#- DuckDB's own limit is four fifths of the machine, but it holds some of its memory outside of it. -#}
            {%- do run_query('reset memory_limit') -%}
            {%- set own_limit = run_query("select current_setting('memory_limit')").columns[0].values()[0].split(' ') -%}
            {%- set limit = (0.75 * (own_limit[0] | float)) | round(2) ~ own_limit[1] -%}
        {%- endif -%}
        {%- if not modules.re.fullmatch('(?i)[0-9]+([.][0-9]+)? ?([KMGT]i?B|%)', limit) -%}
            {%- do exceptions.raise_compiler_error(
                "DUCKDB_MEMORY_LIMIT is '" ~ limit ~ "': it must be a number with its unit, such as 8GB."
            ) -%}
        {%- endif -%}
        set memory_limit = '{{ limit }}'
    {%- endif -%}
{%- endmacro %}
