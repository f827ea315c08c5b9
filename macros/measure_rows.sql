{#-
    One measure as rows of the released long table. `counts` is a CTE with a geography's counts by age; where a measure is of no single
    antigen, not by gender or has no goal, those columns of the long table are empty.
-#}
{% macro measure_rows(measure, counts, students_counted, has_antigen=true, has_gender=false, has_goal=false) -%}
    select
        '{{ measure }}' as measure,
        school_year,
        geography,
        phu_id,
        phu_name,
        age,
        {{ 'antigen' if has_antigen else 'cast(null as ' ~ dbt.type_string() ~ ') as antigen' }},
        {{ 'gender' if has_gender else "'all' as gender" }},
        students,
        {{ students_counted }} as students_counted,
        {{ 'goal_percent' if has_goal else 'cast(null as double) as goal_percent' }},
        {{ 'map_category' if has_goal else 'cast(null as int) as map_category' }}
    from {{ counts }}
{%- endmacro %}
