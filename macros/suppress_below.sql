{#- The release threshold: counts above 0 and below it are withheld. -#}
{% macro suppress_below() -%}
    {%- set value = var('suppress_below') | string -%}
    {%- if not modules.re.fullmatch('[1-9][0-9]*', value) or value in ['1', '2'] -%}
        {%- do exceptions.raise_compiler_error(
            "suppress_below is '" ~ value ~ "': it must be a whole number of at least 3. Below that a withheld count has one "
            ~ "possible value."
        ) -%}
    {%- endif -%}
    {{ return(value | int) }}
{%- endmacro %}
