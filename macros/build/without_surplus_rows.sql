{#- The rows of a base model that are in force, an id once: what base_panorama__surplus_rows lists is left out. -#}
{% macro without_surplus_rows(base_model, extract_name) -%}
    select base_rows.*
    from {{ base_model }} as base_rows
    left join {{ ref('base_panorama__surplus_rows') }} as surplus
        on
            base_rows.source_row_number = surplus.source_row_number
            and surplus.extract_name = '{{ extract_name }}'
    where
        surplus.source_row_number is null
        and base_rows.not_in_force is null
{%- endmacro %}
