{#- The raw extracts as seeds/extracts/_extracts.yml says them: by name, `required` and `optional` columns and whether it `is_optional`. -#}
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
