{{ config(materialized='table', partition_by=none) }}

{#- Descriptions come from the YAML files. -#}
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
        listed.table_name,
        listed.table_description,
        listed.column_name,
        listed.column_position,
        listed.data_type,
        listed.description
    from (
        values
        ('none', '', '', 0, '', '')
        {%- for column in columns %},
        (
            '{{ column.table }}', '{{ dbt.escape_single_quotes(column.table_description | trim) }}', '{{ column.column }}',
            {{ column.position }}, '{{ column.type }}', '{{ dbt.escape_single_quotes(column.description) }}'
        )
        {%- endfor %}
    ) as listed (table_name, table_description, column_name, column_position, data_type, description)
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
