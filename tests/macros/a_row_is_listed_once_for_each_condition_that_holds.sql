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

counted as (
    select
        listed.person,
        listed.reason,
        listed.value,
        1 as times_listed
    from listed
    union all
    select
        expected.person,
        expected.reason,
        expected.value,
        -1 as times_listed
    from expected
)

select
    person,
    reason,
    value
from counted
group by person, reason, value
having sum(times_listed) <> 0
