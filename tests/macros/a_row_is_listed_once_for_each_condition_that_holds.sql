-- unpivoted: one row for each row and condition that holds; one that is unknown does not hold.
with people as (
    select
        1 as person,
        5 as age,
        cast(null as {{ dbt.type_string() }}) as place
    union all
    select
        2 as person,
        7 as age,
        'school' as place
),

listed as (
    {{ unpivoted('people', keys=['person'], columns=['reason', 'value'], rows=[
        ["age >= 5", "'five'", "cast(age as " ~ dbt.type_string() ~ ")"],
        ["age >= 7", "'seven'", "cast(age as " ~ dbt.type_string() ~ ")"],
        ["place = 'school'", "'place'", "place"]
    ]) }}
),

expected as (
    select
        listed_by_hand.person,
        listed_by_hand.reason,
        listed_by_hand.value
    from (
        values (1, 'five', '5'), (2, 'five', '7'), (2, 'seven', '7'), (2, 'place', 'school')
    ) as listed_by_hand (person, reason, value)
),

missing as (
    select * from expected
    except
    select * from listed
),

surplus as (
    select * from listed
    except
    select * from expected
)

select
    person,
    reason,
    value
from missing
union all
select
    person,
    reason,
    value
from surplus
