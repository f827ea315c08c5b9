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
        unit <> 'province' and (is_linked or own_reason is not null) as is_withheld,
        is_linked or coalesce(own_reason, '') = 'linked' as is_unbounded
    from released_{{ level }}
),

-- Of the withheld units the release tells their total on either side, and by the reason the range of each. Windows instead of
-- joins: a level names the one before it once, since Spark computes what is named anew each time.
totals_{{ level }} as (
    select
        *,
        sum(case when is_withheld and not is_linked then 1 else 0 end) over siblings as own_units,
        sum(case when is_withheld then above_floor end) over siblings as withheld_above_floor,
        sum(case when is_withheld then coalesce(below_ceiling, 0) end) over siblings as withheld_below_ceiling,
        sum(case
            when not is_withheld then null
            when is_unbounded then 0
            when is_near_floor then 1
            else base - suppress_below + 1
        end) over siblings as least_above_floor,
        sum(case
            when not is_withheld then null
            when is_unbounded then base
            when is_near_floor then suppress_below - 1
            else base - 1
        end) over siblings as most_above_floor,
        max(case
            when not is_withheld then null
            when is_unbounded and not is_linked then base
            else suppress_below - 2
        end) over siblings as widest_range,
        max(case when is_withheld and is_near_floor and not is_unbounded then base end) over siblings
            as largest_base_near_floor,
        max(case when is_withheld and not is_near_floor and not is_unbounded then base end) over siblings
            as largest_base_near_ceiling,
        max(case when unit = 'province' then above_floor end) over siblings as province_above_floor,
        max(case when unit = 'province' then below_ceiling end) over siblings as province_below_ceiling,
        max(case when unit = 'province' and (is_linked or own_reason is not null) then 1 else 0 end) over siblings = 1
            as is_withheld_in_province
    from units_{{ level }}
    window siblings as (partition by age, column_name)
),

-- Withheld units hide each other where their total leaves each its whole range; those that are withheld with what they depend
-- on, unless their total is small.
totals_to_hide_{{ level }} as (
    select
        *,
        coalesce(
            (withheld_above_floor <> 0 and abs(withheld_above_floor) < suppress_below)
            or (withheld_below_ceiling <> 0 and abs(withheld_below_ceiling) < suppress_below)
            or (
                own_units > 0
                and (
                    withheld_above_floor - least_above_floor < suppress_below - 1
                    or most_above_floor - withheld_above_floor < widest_range
                )
            ),
            false
        ) as has_total_to_hide
    from totals_{{ level }}
),

-- A unit hides the others if it could trade students with each of them over that one's whole range, whatever else is known:
-- itself it is known to be at least twice the threshold, less 2, on either side.
hiding_units_{{ level }} as (
    select
        *,
        has_total_to_hide
        and unit <> 'province'
        and not is_withheld
        and above_floor >= 2 * suppress_below - 2
        and withheld_above_floor + above_floor - least_above_floor >= 3 * suppress_below - 3
        and (
            below_ceiling is null
            or (
                below_ceiling >= 2 * suppress_below - 2
                and withheld_above_floor + 2 * suppress_below - 2 + widest_range <= below_ceiling + most_above_floor
            )
        ) as can_hide
    from totals_to_hide_{{ level }}
),

columns_{{ level }} as (
    select
        *,
        can_hide
        and row_number() over (
            partition by age, column_name
            order by case when can_hide then 0 else 1 end, case when below_ceiling is null then 0 else base end, unit
        ) = 1 as is_hiding_unit,
        is_withheld_in_province
        or (has_total_to_hide and max(case when can_hide then 1 else 0 end) over (partition by age, column_name) = 0)
            as is_withheld_in_all_units,
        coalesce(largest_base_near_floor > province_below_ceiling, false)
        or coalesce(largest_base_near_ceiling > province_above_floor, false) as has_dominant_unit
    from hiding_units_{{ level }}
),

decided_{{ level }} as (
    select
        age,
        column_name,
        unit,
        counted,
        case
            when is_linked then 'linked'
            when unit = 'province' and own_reason is not null then own_reason
            when unit = 'province'
                then case when is_withheld_in_all_units and has_dominant_unit then 'complementary' end
            when is_withheld_in_all_units then 'all_units'
            when is_hiding_unit then 'complementary'
            else own_reason
        end as withheld_reason
    from columns_{{ level }}
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
