{#- The rows of a rule table that hold in the school year. -#}
{% macro rules_in_force(rules, school_year) -%}
    select rules.*
    from {{ rules }} as rules
    cross join {{ school_year }} as school_year
    where {{ holds_in('school_year.first_year', 'rules') }}
{%- endmacro %}
