{#- The descriptions of the YAML files, so that they are written once. -#}
{%- set columns = [] -%}
{%- if execute -%}
{%- for node in graph.nodes.values() | sort(attribute='alias')
    if node.resource_type == 'model' and node.schema == 'published' and node.package_name == project_name -%}
{%- for column in node.columns.values() -%}
{%- do columns.append({
    'table': node.alias, 'table_description': node.description.split('```')[0], 'column': column.name, 'position': loop.index,
    'type': column.data_type, 'description': column.description
}) -%}
{%- endfor -%}
{%- endfor -%}
{%- endif -%}
with columns as (
    select
        'none' as table_name,
        '' as table_description,
        '' as column_name,
        0 as column_position,
        '' as data_type,
        '' as description
    {%- for column in columns %}
    union all
    select
        '{{ column.table }}' as table_name,
        '{{ dbt.escape_single_quotes(column.table_description | trim) }}' as table_description,
        '{{ column.column }}' as column_name,
        {{ column.position }} as column_position,
        '{{ column.type }}' as data_type,
        '{{ dbt.escape_single_quotes(column.description) }}' as description
    {%- endfor %}
),

final as (
    select
        {{ build_id() }} as build_id,
        table_name,
        table_description,
        column_position,
        column_name,
        data_type,
        description
    from columns
    where column_position > 0
)

select * from final
