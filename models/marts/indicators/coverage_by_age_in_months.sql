with criteria as (
    {{ rules_in_force(ref('int_up_to_date_rules'), ref('int_school_year')) }}
),

coverage as (
    select * from {{ ref('coverage') }}
    where
        geography = 'province'
        and {{ is_of_this_build() }}
),

valid_doses as (
    select * from {{ ref('int_valid_doses_by_age_in_months') }}
),

recommended_schedules as (
    select distinct
        age,
        antigen,
        schedule
    from {{ ref('int_recommended_ages') }}
),

doses_by_month as (
    select
        age,
        antigen,
        schedule,
        dose_number,
        greatest(age_in_months, 0) as age_in_months,
        sum(students) as students
    from valid_doses
    group by age, antigen, schedule, dose_number, greatest(age_in_months, 0)
),

slots as (
    select
        coverage.age,
        coverage.antigen,
        criteria.schedule,
        max(criteria.valid_doses) as most_doses
    from coverage
    inner join criteria
        on
            coverage.antigen = criteria.antigen
            and coverage.age = coalesce(criteria.age, coverage.age)
    group by coverage.age, coverage.antigen, criteria.schedule
),

-- More months than any student is old.
numbers as (
    select months_lived.month_number
    from (
        values
        {%- for month in range(12 * 20) %}
        ({{ month }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as months_lived (month_number)
),

-- Months that the whole cohort has completed by the assessment date.
months as (
    select
        slots.age,
        slots.antigen,
        slots.schedule,
        doses.month_number as dose_number,
        numbers.month_number as age_in_months
    from slots
    inner join numbers as doses
        on doses.month_number between 1 and slots.most_doses
    inner join numbers
        on numbers.month_number <= 12 * slots.age + 7
),

final as (
    select
        {{ build_id() }} as build_id,
        {{ definitions() }} as definitions,
        coverage.school_year,
        months.age,
        months.antigen,
        months.schedule,
        months.dose_number,
        months.age_in_months,
        recommended_schedules.schedule is not null as is_recommended,
        coverage.students,
        cast(
            sum(coalesce(doses_by_month.students, 0)) over (
                partition by months.age, months.antigen, months.schedule, months.dose_number
                order by months.age_in_months
                rows between unbounded preceding and current row
            ) as bigint
        ) as students_with_dose,
        {{ percent(
            'sum(coalesce(doses_by_month.students, 0)) over ('
            ~ 'partition by months.age, months.antigen, months.schedule, months.dose_number order by months.age_in_months '
            ~ 'rows between unbounded preceding and current row)',
            'coverage.students'
        ) }} as coverage_percent
    from months
    inner join coverage
        on
            months.age = coverage.age
            and months.antigen = coverage.antigen
    left join recommended_schedules
        on
            months.age = recommended_schedules.age
            and months.antigen = recommended_schedules.antigen
            and months.schedule = recommended_schedules.schedule
    left join doses_by_month
        on
            months.age = doses_by_month.age
            and months.antigen = doses_by_month.antigen
            and months.schedule = doses_by_month.schedule
            and months.dose_number = doses_by_month.dose_number
            and months.age_in_months = doses_by_month.age_in_months
)

select * from final
