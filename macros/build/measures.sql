{#- An exact percent, 0–100; null where there is nobody. -#}
{% macro percent(part, whole) -%}
    cast(100 * {{ part }} as double) / nullif({{ whole }}, 0)
{%- endmacro %}

{#- The release threshold: counts above 0 and below it are withheld. -#}
{% macro suppress_below() -%}
    {{ return(var('suppress_below') | int) }}
{%- endmacro %}

{#-
    Counts of public health units, added up to every row of the CTE `frame` by its geography: 0 where its units count nothing. `units`
    says which units a geography has (int_geography_units), `by` names what frame and counts share, `sums` what is added up.
-#}
{% macro rolled_up(counts, units, frame, by, sums) -%}
    select
        frame.*,
        {%- for sum in sums %}
        coalesce(added_up.{{ sum }}, 0) as {{ sum }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ frame }} as frame
    left join (
        select
            units.geography,
            units.phu_id,
            {%- for column in by %}
            counted.{{ column }},
            {%- endfor %}
            {%- for sum in sums %}
            cast(sum(counted.{{ sum }}) as bigint) as {{ sum }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ counts }} as counted
        inner join {{ units }} as units
            on counted.phu_id = units.unit_id
        group by units.geography, units.phu_id{% for column in by %}, counted.{{ column }}{% endfor %}
    ) as added_up
        on
            frame.geography = added_up.geography
            and coalesce(frame.phu_id, '') = coalesce(added_up.phu_id, '')
            {%- for column in by %}
            and frame.{{ column }} = added_up.{{ column }}
            {%- endfor %}
{%- endmacro %}
