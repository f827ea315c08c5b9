-- Counts of schools to withhold. Readers also know the totals of the public health unit, so the withheld counts of a column
-- have a known sum. A decision may depend on which counts are small, on what is shown, and on whether that sum leaves enough
-- room, never on the size of a withheld count: docs/decisions.md, "Releasing".
{%- set levels = 3 %}
with cells as (
    select * from {{ ref('int_school_cells') }}
),

threshold as (
    select {{ suppress_below() }} as suppress_below
),

-- Denominators are shown only if a small count leaves no small remainder.
parents as (
    select distinct parent_name
    from cells
),

{%- for level in range(levels) %}

{%- if level > 0 %}

{#- Level by level: each level depends on the decisions of the one before. #}
decided_before_{{ level }} as (
    {%- for before in range(level) %}
    select * from decided_{{ before }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- Students without DTP are not up to date for diphtheria, tetanus or pertussis.
without_dtp_{{ level }} as (
    select * from decided_before_{{ level }}
    where column_name = 'without_dtp'
),
{%- endif %}

known_{{ level }} as (
    select
        cells.phu_id,
        cells.school_id,
        cells.age,
        cells.column_name,
        cells.parent_name,
        cells.counted,
        threshold.suppress_below,
        case
            when parents.parent_name is null then threshold.suppress_below else 2 * threshold.suppress_below - 1
        end as least_shown,
        {%- if level == 0 %}
        false as is_linked,
        false as is_without_dtp_withheld,
        cells.base
        {%- else %}
        decided.is_withheld as is_linked,
        coalesce(without_dtp_{{ level }}.is_withheld, false) as is_without_dtp_withheld,
        case
            when without_dtp_{{ level }}.is_withheld then cells.base
            else cells.base - coalesce(without_dtp_{{ level }}.counted, 0)
        end as base
        {%- endif %}
    from cells
    cross join threshold
    left join parents
        on cells.column_name = parents.parent_name
    {%- if level > 0 %}
    inner join decided_before_{{ level }} as decided
        on
            cells.phu_id = decided.phu_id
            and cells.school_id = decided.school_id
            and cells.age = decided.age
            and cells.parent_name = decided.column_name
    left join without_dtp_{{ level }}
        on
            cells.phu_id = without_dtp_{{ level }}.phu_id
            and cells.school_id = without_dtp_{{ level }}.school_id
            and cells.age = without_dtp_{{ level }}.age
            and cells.limited_by = without_dtp_{{ level }}.column_name
    {%- endif %}
    where cells.release_level = {{ level }}
),

kinds_{{ level }} as (
    select
        *,
        case
            when is_linked then 'linked'
            when base is null and counted < least_shown then 'near_floor'
            when base is null then 'large'
            -- If all are up to date, nobody lacks DTP.
            when counted = base and is_without_dtp_withheld then 'says_none'
            when counted = 0 or counted = base then 'edge'
            when base < least_shown + suppress_below then 'small_base'
            when counted < least_shown then 'near_floor'
            when base - counted < suppress_below then 'near_base'
            else 'large'
        end as kind
    from known_{{ level }}
),

-- How much lower or higher a count could be for a reader who knows its reason.
rooms_{{ level }} as (
    select
        *,
        kind not in ('large', 'edge') as is_hidden,
        case kind
            when 'linked' then counted
            when 'near_base' then counted - (base - suppress_below + 1)
            when 'large' then counted - least_shown
            when 'edge' then 0
            when 'says_none' then 0
            else counted - 1
        end as room_below,
        case kind
            when 'linked' then base - counted
            when 'near_floor' then least_shown - 1 - counted
            when 'large' then base - suppress_below - counted
            when 'edge' then 0
            when 'says_none' then 0
            else base - 1 - counted
        end as room_above
    from kinds_{{ level }}
),

-- Large counts protect the others, the largest base first; counts of students, which are bases themselves, in the order of
-- school ids.
places_{{ level }} as (
    select
        *,
        room_below + room_above as room,
        row_number() over (
            partition by phu_id, age, column_name
            order by
                case when kind = 'large' then 0 else 1 end,
                {%- if level > 0 %}
                base desc,
                {%- endif %}
                school_id
        ) as place
    from rooms_{{ level }}
),

sums_{{ level }} as (
    select
        *,
        sum(case when is_hidden then 1 else 0 end) over siblings as hidden,
        sum(case when is_hidden and coalesce(base, 1) > 0 then 1 else 0 end) over siblings as hidden_of_some,
        sum(case when is_hidden then room_below else 0 end) over siblings as hidden_below,
        sum(case when is_hidden then room_above else 0 end) over siblings as hidden_above,
        -- The range of a linked count is unknown: its denominator is withheld too.
        max(case when is_hidden and kind <> 'linked' then room else 0 end) over siblings as widest_hidden,
        sum(case when kind = 'large' then room_below else 0 end) over in_order as large_below,
        sum(case when kind = 'large' then room_above else 0 end) over in_order as large_above
    from places_{{ level }}
    window
        siblings as (partition by phu_id, age, column_name),
        in_order as (
            partition by phu_id, age, column_name
            order by place
            rows between unbounded preceding and current row
        )
),

-- The sum must leave every withheld count as many possible values as the threshold guarantees: it could be lower or higher by
-- what the others can absorb. A single withheld count is revealed by the sum, as for the only withheld school beside one
-- without girls.
hiding_{{ level }} as (
    select
        *,
        min(case
            when
                hidden_of_some > 1
                and hidden_below >= suppress_below
                and hidden_above >= suppress_below
                and hidden_below + hidden_above - widest_hidden >= suppress_below
                then 0
            when
                kind = 'large'
                and hidden_below + large_below >= suppress_below
                {%- if level > 0 %}
                and hidden_above + large_above >= suppress_below
                and hidden_below + large_below + hidden_above + large_above - widest_hidden >= suppress_below
                {%- endif %}
                then place
        end) over (partition by phu_id, age, column_name) as last_place
    from sums_{{ level }}
),

reasons_{{ level }} as (
    select
        phu_id,
        school_id,
        age,
        column_name,
        parent_name,
        counted,
        base,
        case
            when is_hidden then kind
            when hidden = 0 then cast(null as {{ dbt.type_string() }})
            -- 0 of 0 is known anyway.
            when last_place is null and coalesce(base, 1) > 0 then 'all_schools'
            when kind = 'large' and place <= last_place then 'complementary'
        end as withheld_reason
    from hiding_{{ level }}
),

decided_{{ level }} as (
    select
        *,
        withheld_reason is not null as is_withheld
    from reasons_{{ level }}
),
{%- endfor %}

final as (
    {%- for level in range(levels) %}
    select * from decided_{{ level }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
