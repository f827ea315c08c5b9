-- Two rows of one client id are one client; a record finds its own client, and an orphan or a record without id none.
with clients as (
    select
        given.client_id,
        {{ student_key('given.client_id') }} as student_key
    from (
        values
        ('02', 'first row'),
        ('02', 'second row'),
        ('2', 'another id'),
        ('10', 'the last'),
        (cast(null as {{ dbt.type_string() }}), 'no id')
    ) as given (client_id, remark)
),

records as (
    select
        given.record_id,
        given.client_id,
        given.expected
    from (
        values
        ('a', '02', '02'),
        ('b', '10', '10'),
        ('c', '2', '2'),
        ('orphan', '3', null),
        ('no id', null, null)
    ) as given (record_id, client_id, expected)
),

keyed as (
    {{ with_student_key('records', 'clients') }}
),

found as (
    select
        keyed.record_id,
        keyed.expected,
        min(clients.client_id) as client_id,
        count(distinct clients.client_id) as clients_found
    from keyed
    left join clients
        on keyed.student_key = clients.student_key
    group by keyed.record_id, keyed.expected
),

counted as (
    select count(*) as keyed_records from keyed
)

select found.*
from found
cross join counted
where
    coalesce(found.client_id, '') <> coalesce(found.expected, '')
    or found.clients_found > 1
    or counted.keyed_records <> 5
