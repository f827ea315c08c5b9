{#- Jinja loops: the linter reports their lines as badly indented.
-- sqlfluff:exclude_rules:references.keywords,structure.column_order,layout.indent
-#}
-- Cells to withhold, with the reason. A column is decided after the one that it depends on. Decisions must not depend on a
-- withheld count in a way that the release reveals: docs/decisions.md, "Releasing".
{%- set levels = 5 %}
with cells as (
    select * from {{ ref('int_release_cells') }}
),

columns_withheld as (
    select * from {{ ref('release_columns_withheld') }}
    where geography in ('province', 'phu')
),

-- Counts of one unit that another school year gives away, and those that protect them: publishing adds both.
units_withheld as (
    select * from {{ ref('release_columns_withheld') }}
    where geography not in ('province', 'phu')
),

threshold as (
    select {{ suppress_below() }} as suppress_below
),

small_cells as (
    select
        cells.*,
        threshold.suppress_below,
        columns_withheld.geography is not null as is_column_withheld,
        coalesce(columns_withheld.geography, '') = 'province' as is_province_withheld,
        units_withheld.geography is not null as is_unit_withheld,
        cells.above_floor + coalesce(cells.below_ceiling, 0) as base,
        case
            when
                cells.above_floor <> 0
                and (
                    abs(cells.above_floor) < threshold.suppress_below
                    or cells.counted between 1 and threshold.suppress_below - 1
                )
                then case when cells.floor_count = 0 then 'small_count' else 'small_difference' end
            when cells.below_ceiling <> 0 and abs(cells.below_ceiling) < threshold.suppress_below
                then
                    case
                        when cells.parent_name like '%any_ispa' or cells.parent_name like 'initiation/%' then 'small_difference'
                        else 'small_remainder'
                    end
        end as small_reason,
        cells.above_floor > 0 and cells.above_floor < threshold.suppress_below as is_near_floor
    from cells
    cross join threshold
    left join columns_withheld
        on
            cells.age = columns_withheld.age
            and cells.column_name = columns_withheld.column_name
    left join units_withheld
        on
            cells.age = units_withheld.age
            and cells.column_name = units_withheld.column_name
            and cells.unit = units_withheld.geography
),

-- The antigens together cover their total. If they cannot without a small count, that count could be derived from the others.
covering_cells as (
    select
        *,
        count(small_reason) over family as small_siblings,
        sum(case
            when small_reason is null and is_unit_withheld then 0
            when small_reason is null then covering_count
            when covering_count < suppress_below or base < 2 * suppress_below then 1
            else base - suppress_below + 1
        end) over family as least_covering
    from small_cells
    window family as (partition by age, parent_name, unit)
),

judged_cells as (
    select
        *,
        case
            when covering_count is not null and small_siblings > 0 and least_covering <= base then 'linked'
            when small_reason is null and is_unit_withheld then 'other_year'
            else small_reason
        end as own_reason
    from covering_cells
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
        is_linked or coalesce(own_reason, '') in ('linked', 'other_year') as is_unbounded
    from released_{{ level }}
),

-- One unit protects the small counts of every column: the largest by students, or the next if its own count is small. The choice
-- then reveals nothing about the counts that were skipped.
ranked_{{ level }} as (
    select
        *,
        unit <> 'province'
        and row_number() over (
            partition by age, column_name
            order by
                case
                    when unit = 'province' or (is_withheld and not is_unbounded) or coalesce(own_reason, '') = 'other_year' then 1
                    else 0
                end,
                unit_students desc,
                unit asc
        ) = 1 as is_hiding_unit
    from units_{{ level }}
),

-- The release reveals the total of the withheld units above the floor and below the ceiling; a small count is bounded by the side
-- that it is near. The protecting unit is not small. Window functions instead of joins, so that each level reads the one before
-- it once: Spark computes a CTE anew for every reference.
totals_{{ level }} as (
    select
        *,
        sum(case when is_withheld and not is_linked and coalesce(own_reason, '') <> 'other_year' then 1 else 0 end) over siblings
            as own_units,
        sum(case when is_withheld then above_floor end) over siblings as withheld_above_floor,
        sum(case when is_withheld then below_ceiling end) over siblings as withheld_below_ceiling,
        sum(case when is_withheld or is_hiding_unit then above_floor end) over siblings as hidden_above_floor,
        sum(case when is_withheld or is_hiding_unit then below_ceiling end) over siblings as hidden_below_ceiling,
        sum(case
            when is_withheld and (is_unbounded or above_floor < 0) then 0
            when is_withheld and (is_near_floor or base < 2 * suppress_below) then 1
            when is_withheld then base - suppress_below + 1
            when is_hiding_unit then suppress_below
        end) over siblings as least_above_floor,
        sum(case
            when is_withheld and (is_unbounded or above_floor < 0) then 0
            when is_withheld and is_near_floor and base >= 2 * suppress_below then base - suppress_below + 1
            when is_withheld then 1
            when is_hiding_unit then suppress_below
        end) over siblings as least_below_ceiling,
        max(case when not is_withheld and not is_hiding_unit and column_name = 'students' and unit <> 'province' then counted end)
            over siblings as next_students,
        max(case when is_withheld and is_near_floor and not is_unbounded then base end) over siblings
            as largest_base_near_floor,
        max(case when is_withheld and not is_near_floor and not is_unbounded then base end) over siblings
            as largest_base_near_ceiling,
        max(case when unit = 'province' then above_floor end) over siblings as province_above_floor,
        max(case when unit = 'province' then below_ceiling end) over siblings as province_below_ceiling,
        max(case when unit = 'province' and (is_linked or own_reason is not null or is_province_withheld) then 1 else 0 end)
            over siblings = 1 as is_withheld_in_province
    from ranked_{{ level }}
    window siblings as (partition by age, column_name)
),

-- It protects them if these totals leave every small count its whole range and it remains the largest. This follows from the
-- release and from which counts are small, not from their size.
hiding_units_{{ level }} as (
    select
        *,
        coalesce(hidden_above_floor - least_above_floor >= suppress_below - 2, false)
        and coalesce(hidden_below_ceiling - least_below_ceiling >= suppress_below - 2, true)
        and coalesce(hidden_above_floor - least_above_floor + 2 > next_students, true) as can_hide,
        own_units > 0
        or coalesce(
            (withheld_above_floor <> 0 and abs(withheld_above_floor) < suppress_below)
            or (withheld_below_ceiling <> 0 and abs(withheld_below_ceiling) < suppress_below),
            false
        ) as has_units_to_hide
    from totals_{{ level }}
),

columns_{{ level }} as (
    select
        *,
        is_withheld_in_province
        or is_column_withheld
        or (has_units_to_hide and not can_hide)
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
                then case when is_province_withheld or (is_withheld_in_all_units and has_dominant_unit) then 'complementary' end
            when is_withheld_in_all_units then 'all_units'
            when is_withheld then own_reason
            when is_hiding_unit and has_units_to_hide then 'complementary'
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
