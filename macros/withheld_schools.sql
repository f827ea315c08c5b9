{#-
    CTEs small, ordered, judged and `cut`: the rows of CTE `counts` (one per school and `key`) with their `place` in the order in which
    schools are withheld, and `last_withheld`. Small counts come first; with them go as many of the smallest other schools as it takes
    that the unit's total leaves for all withheld schools together no small count either.

    key      columns that a unit's total goes by, the unit among them
    cells    SQL of the counts that a school's students split into
-#}
{% macro withheld_schools(counts, key, cells) -%}
{%- set partition = 'partition by ' ~ key | join(', ') -%}
{%- set order = 'order by is_small desc, students asc, school_id asc' -%}
small as (
    select
        *,
        case
            when
                students < {{ suppress_below() }}
                {%- for cell in cells %}
                or {{ cell }} between 1 and {{ suppress_below() }} - 1
                {%- endfor %}
                then 1
            else 0
        end as is_small
    from {{ counts }}
),

ordered as (
    select
        *,
        sum(is_small) over ({{ partition }}) as small_schools,
        row_number() over ({{ partition }} {{ order }}) as place,
        {%- for cell in ['students'] + cells %}
        sum({{ cell }}) over ({{ partition }} {{ order }} rows between unbounded preceding and current row)
            as together_{{ loop.index0 }}{{ ',' if not loop.last }}
        {%- endfor %}
    from small
),

judged as (
    select
        *,
        case
            when
                place >= 2
                and place >= small_schools
                and together_0 >= {{ suppress_below() }}
                {%- for cell in cells %}
                and (together_{{ loop.index }} = 0 or together_{{ loop.index }} >= {{ suppress_below() }})
                {%- endfor %}
                then place
        end as enough_at
    from ordered
),

cut as (
    select
        *,
        case
            when small_schools = 0 then 0
            else coalesce(min(enough_at) over ({{ partition }}), max(place) over ({{ partition }}))
        end as last_withheld
    from judged
)
{%- endmacro %}
