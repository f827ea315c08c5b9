{#- A percent, 0–100, unrounded; null where the denominator is 0. -#}
{% macro percent(part, whole) -%}
    cast(100 * {{ part }} as double) / nullif({{ whole }}, 0)
{%- endmacro %}

{#- Suppression threshold: counts above 0 and below it are withheld. -#}
{% macro suppress_below() -%}
    {{ return(var('suppress_below') | int) }}
{%- endmacro %}

{#-
    Adds up counts of public health units for every row of `frame` by its geography; 0 where there are none. `units` lists the units of
    each geography (int_geography_units), `by` the columns that frame and counts share, `sums` the columns to add up.
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
