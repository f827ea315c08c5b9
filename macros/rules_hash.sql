{#- One text that changes with any rule table. -#}
{% macro rules_hash() -%}
    {%- set checksums = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'seed' and 'annex' in node.fqn -%}
            {%- do checksums.append(node.name ~ '=' ~ node.checksum.checksum) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ local_md5(checksums | sort | join(' ')) }}
{%- endmacro %}
