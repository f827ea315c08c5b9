-- first_by takes the first of a total order, joined_texts joins in an order and passes over nulls, content_hash changes with
-- any row and with none's place.
with texts as (
    select
        1 as position,
        'b' as text_value,
        2 as rank_value
    union all
    select
        2 as position,
        'a' as text_value,
        2 as rank_value
    union all
    select
        3 as position,
        'c' as text_value,
        1 as rank_value
    union all
    select
        4 as position,
        cast(null as {{ dbt.type_string() }}) as text_value,
        9 as rank_value
),

reversed as (
    select
        5 - position as position,
        text_value,
        rank_value
    from texts
),

aggregated as (
    select
        {{ first_by('text_value', ['rank_value', 'position']) }} as first_text,
        {{ joined_texts('text_value', ', ', 'rank_value, text_value') }} as joined,
        {{ content_hash(['text_value', 'rank_value']) }} as content,
        {{ content_hash(['position', 'text_value', 'rank_value']) }} as content_in_order
    from texts
),

aggregated_reversed as (
    select
        {{ content_hash(['text_value', 'rank_value']) }} as content,
        {{ content_hash(['position', 'text_value', 'rank_value']) }} as content_in_order
    from reversed
)

select aggregated.first_text
from aggregated
cross join aggregated_reversed
where
    aggregated.first_text <> 'c'
    or aggregated.joined <> 'c, a, b'
    or aggregated.content <> aggregated_reversed.content
    or aggregated.content_in_order = aggregated_reversed.content_in_order
