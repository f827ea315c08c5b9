{#- The rows of a rule table that hold in the school year. -#}
{% macro rules_in_force(table_name) -%}
    select rules.*
    from {{ ref(table_name) }} as rules
    cross join {{ ref('int_school_year') }} as school_year
    where {{ holds_in('school_year.first_year', 'rules') }}
{%- endmacro %}
