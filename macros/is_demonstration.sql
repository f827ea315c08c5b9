{% macro is_demonstration() -%}
    {{ return(env_var('EXTRACTS_DIR', '') == '') }}
{%- endmacro %}
