with immunizations as (
    select * from {{ ref('stg_panorama__immunizations') }}
),

students as (
    select * from {{ ref('int_students') }}
),

agents as (
    select distinct agent
    from {{ ref('int_agents') }}
    where is_known
),

channels as (
    select
        {{ normalized_label('reported_by') }} as reported_by_label,
        channel,
        is_migration
    from {{ ref('reporting_channels') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

counted as (
    select
        students.phu_id,
        students.age,
        immunizations.reported_by,
        immunizations.administered_date >= school_year.first_day as is_of_school_year,
        case
            when immunizations.recorded_date is null then 'not_recorded'
            when immunizations.recorded_date < immunizations.administered_date then 'before_the_dose'
            when {{ day_number('immunizations.recorded_date') }} - {{ day_number('immunizations.administered_date') }} <= 7
                then 'within_7_days'
            when {{ day_number('immunizations.recorded_date') }} - {{ day_number('immunizations.administered_date') }} <= 30
                then 'within_30_days'
            when {{ day_number('immunizations.recorded_date') }} - {{ day_number('immunizations.administered_date') }} <= 365
                then 'within_1_year'
            else 'later'
        end as delay,
        count(*) as doses
    from immunizations
    cross join school_year
    inner join agents
        on immunizations.agent = agents.agent
    inner join students
        on immunizations.student_key = students.student_key
    where immunizations.administered_date <= school_year.assessment_date
    group by 1, 2, 3, 4, 5
),

-- Free text does not leave this model: an unknown channel becomes `other`. The recorded date of a migrated dose is that of the
-- migration, so its delay is unknown.
final as (
    select
        counted.phu_id,
        counted.age,
        case
            when counted.reported_by is null then 'not_recorded'
            else coalesce(channels.channel, 'other')
        end as channel,
        counted.is_of_school_year,
        case when channels.is_migration then 'not_recorded' else counted.delay end as delay,
        cast(sum(counted.doses) as bigint) as doses
    from counted
    left join channels
        on {{ normalized_label('counted.reported_by') }} = channels.reported_by_label
    group by 1, 2, 3, 4, 5
)

select * from final
