{#- Unrolled joins: the linter takes their lines for badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
-- Which cells are withheld, and why. A column is decided after the one that it depends on; docs/decisions.md, "Releasing", has
-- the argument that nothing withheld can be derived.
{%- set levels = 5 %}
with cells as (
    select * from {{ ref('int_release_cells') }}
),

threshold as (
    select {{ suppress_below() }} as suppress_below
),

small_cells as (
    select
        cells.*,
        threshold.suppress_below,
        cells.above_floor + coalesce(cells.below_ceiling, 0) as base,
        coalesce(
            cells.covering_parts > 0
            and cells.above_floor + cells.below_ceiling > 0
            and cells.covering_count - (cells.above_floor + cells.below_ceiling)
            < (threshold.suppress_below - 1) * cells.covering_parts,
            false
        ) as is_barely_covered,
        case
            when cells.above_floor <> 0 and abs(cells.above_floor) < threshold.suppress_below
                then case when cells.floor_count = 0 then 'small_count' else 'small_difference' end
            when cells.below_ceiling <> 0 and abs(cells.below_ceiling) < threshold.suppress_below
                then
                    case
                        when cells.parent_name like '%any_ispa' or cells.parent_name like 'initiation/%' then 'small_difference'
                        else 'small_remainder'
                    end
        end as small_reason,
        cells.above_floor <> 0 and abs(cells.above_floor) < threshold.suppress_below as is_near_floor
    from cells
    cross join threshold
),

small_families as (
    select
        *,
        count(small_reason) over (partition by age, parent_name, unit) as small_siblings
    from small_cells
),

-- Where the antigens barely cover their total, one could be read off the others: they go together.
judged_cells as (
    select
        *,
        case
            when is_barely_covered and (unit <> 'province' or small_siblings > 0) then 'linked'
            else small_reason
        end as own_reason
    from small_families
),
{%- for level in range(levels) %}

{% if level == 0 -%}
released_0 as (
    select
        *,
        false as is_linked
    from judged_cells
    where release_level = 0
),
{%- else -%}
released_{{ level }} as (
    select
        cells.*,
        parents.withheld_reason is not null as is_linked
    from judged_cells as cells
    inner join decided_{{ level - 1 }} as parents
        on
            cells.age = parents.age
            and cells.parent_name = parents.column_name
            and cells.unit = parents.unit
    where cells.release_level = {{ level }}
),
{%- endif %}

units_{{ level }} as (
    select
        *,
        is_linked or own_reason is not null as is_withheld,
        is_linked or coalesce(own_reason, '') = 'linked' as is_unbounded
    from released_{{ level }}
    where unit <> 'province'
),

-- Of the withheld units the release tells their total on either side, and by the reason the range of each.
withheld_totals_{{ level }} as (
    select
        age,
        column_name,
        sum(case when is_linked then 0 else 1 end) as own_units,
        sum(above_floor) as above_floor,
        sum(coalesce(below_ceiling, 0)) as below_ceiling,
        sum(case
            when is_unbounded then 0
            when is_near_floor then 1
            else base - suppress_below + 1
        end) as least_above_floor,
        sum(case
            when is_unbounded then base
            when is_near_floor then suppress_below - 1
            else base - 1
        end) as most_above_floor,
        max(case when is_unbounded and not is_linked then base else suppress_below - 2 end) as widest_range,
        max(case when is_near_floor and not is_unbounded then base end) as largest_base_near_floor,
        max(case when not is_near_floor and not is_unbounded then base end) as largest_base_near_ceiling
    from units_{{ level }}
    where is_withheld
    group by age, column_name
),

-- Withheld units hide each other where their total leaves each its whole range; those that are withheld with what they depend
-- on, unless their total is small.
totals_to_hide_{{ level }} as (
    select *
    from withheld_totals_{{ level }}
    where
        (above_floor <> 0 and abs(above_floor) < {{ suppress_below() }})
        or (below_ceiling <> 0 and abs(below_ceiling) < {{ suppress_below() }})
        or (
            own_units > 0
            and (
                above_floor - least_above_floor < {{ suppress_below() }} - 1
                or most_above_floor - above_floor < widest_range
            )
        )
),

-- A unit hides the others if it could trade students with each of them over that one's whole range, whatever else is known:
-- itself it is known to be at least twice the threshold, less 2, on either side.
hiding_units_{{ level }} as (
    select
        units.age,
        units.column_name,
        {{ first_by('units.unit', ['case when units.below_ceiling is null then 0 else units.base end', 'units.unit']) }} as unit
    from units_{{ level }} as units
    inner join totals_to_hide_{{ level }} as totals
        on
            units.age = totals.age
            and units.column_name = totals.column_name
    where
        not units.is_withheld
        and units.above_floor >= 2 * units.suppress_below - 2
        and totals.above_floor + units.above_floor - totals.least_above_floor >= 3 * units.suppress_below - 3
        and (
            units.below_ceiling is null
            or (
                units.below_ceiling >= 2 * units.suppress_below - 2
                and totals.above_floor + 2 * units.suppress_below - 2 + totals.widest_range
                <= units.below_ceiling + totals.most_above_floor
            )
        )
    group by units.age, units.column_name
),

columns_{{ level }} as (
    select
        province.age,
        province.column_name,
        hiding_units.unit as hiding_unit,
        province.is_linked
        or province.own_reason is not null
        or (totals.age is not null and hiding_units.unit is null) as is_withheld_in_all_units,
        coalesce(totals.largest_base_near_floor > province.below_ceiling, false)
        or coalesce(totals.largest_base_near_ceiling > province.above_floor, false) as has_dominant_unit
    from released_{{ level }} as province
    left join totals_to_hide_{{ level }} as totals
        on
            province.age = totals.age
            and province.column_name = totals.column_name
    left join hiding_units_{{ level }} as hiding_units
        on
            province.age = hiding_units.age
            and province.column_name = hiding_units.column_name
    where province.unit = 'province'
),

decided_{{ level }} as (
    select
        cells.age,
        cells.column_name,
        cells.unit,
        cells.counted,
        case
            when cells.is_linked then 'linked'
            when cells.unit = 'province' and cells.own_reason is not null then cells.own_reason
            when cells.unit = 'province'
                then case when columns.is_withheld_in_all_units and columns.has_dominant_unit then 'complementary' end
            when columns.is_withheld_in_all_units then 'all_units'
            when cells.unit = columns.hiding_unit then 'complementary'
            else cells.own_reason
        end as withheld_reason
    from released_{{ level }} as cells
    inner join columns_{{ level }} as columns
        on
            cells.age = columns.age
            and cells.column_name = columns.column_name
),
{%- endfor %}

final as (
    {%- for level in range(levels) %}
    select
        age,
        column_name,
        unit,
        counted,
        withheld_reason
    from decided_{{ level }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
