-- The extracts of one chunk of clients. Run once per chunk. Variables beside those of the reference: first_client,
-- before_client, clients (in all chunks together).
-- Leaves the tables extract_clients, extract_education_records, extract_immunizations and extract_exemptions.

-- 1. Clients ---------------------------------------------------------------------------------------------------------
-- Every 31st client is an extra: one whom the denominator must leave out.
create or replace temp table client as
with numbered as (
    select
        client_no,
        client_no - client_no // 31 as student_no,
        if(
            client_no % 31 < 30,
            'student',
            [
                'age_6', 'age_18', 'inactive', 'no_birth_date', 'bad_birth_date', 'no_record', 'past_record',
                'future_record', 'unusable_record', 'unusable_record', 'unusable_record', 'status_other'
            ][1 + client_no // 31 % 12]
        ) as kind
    from range(getvariable('first_client'), getvariable('before_client')) as t (client_no)
),

aged as (
    select
        *,
        case
            when kind = 'age_6' then 6
            when kind = 'age_18' then 18
            when getvariable('flaws') != 'demonstration' then 7 + student_no % 11
            -- Nearly all students are of the ages that are reported in full, in unequal numbers.
            when draw('age', client_no) < 0.33 then 7
            when draw('age', client_no) < 0.62 then 12
            when draw('age', client_no) < 0.92 then 17
            else [8, 9, 10, 11, 13, 14, 15, 16][1 + student_no % 8]
        end::integer as age
    from numbered
),

born as (
    select
        *,
        make_date(getvariable('school_year') - age, 1, 1)
        + days(
            draw('birthday', client_no),
            make_date(getvariable('school_year') - age + 1, 1, 1) - make_date(getvariable('school_year') - age, 1, 1)
        ) as birth_date,
        draw('family', client_no) as family_chance,
        draw('origin', client_no) as origin_chance
    from aged
),

entered as (
    select
        *,
        -- The day that the child first comes under Ontario's care.
        case
            when origin_chance < 0.24 then birth_date + days(draw('entry', client_no), 7000)
            when origin_chance < 0.246 then birth_date + 2560 + days(draw('entry', client_no), 1800)
            else birth_date
        end as possible_entry_date
    from born
)

select
    client_no,
    -- Ascending and unique; the first tenth begin with 0. Numbers from 99 on are kept for orphans.
    lpad(
        (
            client_no * (9800000000 // getvariable('clients'))
            + floor(draw('client_id', client_no) * (9800000000 // getvariable('clients')))::bigint
        )::varchar,
        10,
        '0'
    ) as client_id,
    kind,
    age,
    birth_date,
    case
        when draw('gender_other', client_no) < rate('gender_other')
            then pick(['U', 'X', 'Other', 'Unknown', null], draw('gender_which', client_no))
        when draw('gender', client_no) < 0.487 then 'F'
        else 'M'
    end as gender,
    if(possible_entry_date < assessment_date() - 200, possible_entry_date, birth_date) as entry_date,
    entry_date > birth_date as is_entrant,
    case
        when not is_entrant then 'none'
        when origin_chance < 0.09 then 'epi'
        when origin_chance < 0.14 then 'western'
        when origin_chance < 0.21 then 'eastern'
        else 'none'
    end as foreign_stream,
    -- Some families never vaccinate; of others nothing was ever reported, and less often so the older the student.
    case
        when family_chance < 0.012 then 'never'
        when family_chance < 0.012 + greatest(0, 0.018 - 0.0017 * (age - 7)) then 'unreported'
        else 'other'
    end as family,
    -- A quarter of the families miss most of the visits.
    if(draw('diligence', client_no) < 0.75, 0.4, 2.8) as carelessness,
    -- Days by which the family starts late.
    case
        when draw('late_start', client_no) < 0.8 then 0
        else days(draw('late_start_days', client_no) * draw('late_start_more', client_no), 260)
    end as late_start,
    draw('influenza', client_no) < rate('influenza') as takes_influenza,
    draw('brand', client_no) as brand,
    phu_ranges.phu_no,
    phu_ranges.miss as phu_miss,
    phu_ranges.migration_date
from entered
inner join phu_ranges
    on draw('phu', client_no) >= phu_ranges.chance_from
    and draw('phu', client_no) < phu_ranges.chance_before;

create or replace temp table extract_clients as
with client_rows as (
    select
        client_id,
        case
            when kind = 'no_birth_date' then null
            when kind = 'bad_birth_date' then not_a_date(draw('bad_birth_date', client_no))
            else shaped_date(birth_date, draw('client_date_shape', client_no), rate('client_date_shape'))
        end as date_of_birth,
        gender,
        case
            when kind = 'inactive' then 'Inactive'
            when kind = 'status_other' then pick(['Deceased', 'Archived', null], draw('status_other', client_no))
            when draw('client_status_blanks', client_no) < rate('client_status_blanks') then ' Active '
            else 'Active'
        end as client_status,
        if(draw('client_duplicate', client_no) < rate('client_duplicate'), 2, 1) as copies
    from client
)

select client_id, date_of_birth, gender, client_status, true as is_synthetic
from client_rows
cross join lateral (select unnest(range(copies)))
order by client_id;

-- 2. Education records -----------------------------------------------------------------------------------------------
create or replace temp table pupil as
select
    client_no,
    client_id,
    kind,
    age,
    phu_no,
    draw('enrolment', client_no) as attendance_chance,
    draw('attendance_day', client_no) as day_chance,
    draw('school', client_no) as school_chance,
    draw('school_second', client_no) as second_chance,
    -- The pupil's own September, no earlier than the arrival in Ontario.
    case
        when age >= 14 and draw('stayed', client_no) < 0.85 then make_date(getvariable('school_year') - age + 14, 9, 1)
        when draw('stayed', client_no) < 0.6 then make_date(getvariable('school_year') - age + 4, 9, 1)
        else make_date(getvariable('school_year') - days(draw('joined', client_no), least(age - 3, 5)), 9, 1)
    end as september,
    greatest(september, least(entry_date + 20, school_year_start() + 240)) + days(draw('first_day', client_no), 7)
        as started,
    case
        when age <= 11 then 'young'
        when age <= 13 then if(draw('level', client_no) < 0.015, 'secondary', 'young')
        when age = 14 then if(draw('level', client_no) < 0.08, 'elementary', 'old')
        else 'old'
    end as level,
    if(kind = 'student' and attendance_chance < 0.103, attendance_chance / 0.103, null) as second_record_chance
from client
where kind != 'no_record';

-- The patterns of those who have more than one usable record (second_record_chance, in hundredths):
--  0-58 moved within the year      58-67 second school of a lower priority    67-82 second school joined later
-- 82-87 same period, two schools   87-92 two schools all year                 92-96 both left before 30 June
-- 96-100 second record inverted
create or replace temp table education_row as
with moves as (
    select
        *,
        greatest(started, school_year_start()) + 25 + days(day_chance, 180) as moved,
        if(started >= school_year_start(), school_year_start() - 365, started) as began
    from pupil
),

records as (
    -- The school attended now.
    select
        client_no,
        2 as position,
        'main' as record_kind,
        case
            when kind = 'past_record' then school_year_start() - 700
            when kind = 'future_record' then assessment_date() + 1 + days(day_chance, 8)
            when second_record_chance < 0.58 then moved
            when second_record_chance between 0.82 and 0.92 then began
            else started
        end as effective_from,
        case
            when kind = 'past_record' then school_year_start() - 65
            when kind = 'future_record' then null
            when second_record_chance between 0.92 and 0.96 then assessment_date() - 100
            when second_record_chance is not null then null
            when attendance_chance > 0.9 then make_date(getvariable('school_year') + 1, 6, 28)
            when attendance_chance > 0.82 then make_date(getvariable('school_year') + 1, 6, 30)
            when attendance_chance > 0.75 then assessment_date()
        end as effective_to
    from moves
    where kind != 'unusable_record'

    union all

    -- The second usable record.
    select
        client_no,
        if(second_record_chance < 0.58 or day_chance < 0.5, 1, 3),
        case
            when second_record_chance between 0.58 and 0.67 then 'lower_priority'
            else 'second'
        end,
        case
            when second_record_chance < 0.58 then began
            when second_record_chance < 0.67 then started
            when second_record_chance < 0.82 then moved
            when second_record_chance < 0.87 then began
            when second_record_chance < 0.92 then began - 366
            when second_record_chance < 0.96 then began
            else moved
        end,
        case
            when second_record_chance < 0.58 then moved - 1 + days(school_chance, 5)
            when second_record_chance < 0.92 then null
            when second_record_chance < 0.96 then moved
            else moved - 30 - days(school_chance, 20)
        end
    from moves
    where second_record_chance is not null

    union all

    -- Some of them were briefly at a third school too.
    select client_no, 4, 'third', school_year_start() + 2, school_year_start() + 10 + days(day_chance, 30)
    from moves
    where second_record_chance is not null and school_chance < 0.12

    union all

    -- The school before, left before the year began.
    select client_no, 0, 'previous', started - 365 - days(day_chance, 1000), least(started, school_year_start()) - 63
    from moves
    where kind = 'student' and day_chance < 0.35

    union all

    -- A record that cannot be used.
    select
        client_no,
        5,
        'unusable',
        school_year_start() - 360 + days(day_chance, 500),
        if(second_chance < 0.5, null, assessment_date() - 20 - days(second_chance, 200))
    from moves
    where
        kind = 'unusable_record'
        or (kind = 'student' and draw('education_unusable', client_no) < rate('education_unusable'))
),

placed as (
    select
        records.*,
        pupil.client_id,
        pupil.age,
        pupil.phu_no,
        concat(records.client_no, '|', records.position) as record_key,
        draw('education_kind', record_key) as kind_chance,
        draw('education_flaw', record_key) as flaw_chance,
        case
            when record_kind = 'unusable' then case
                when kind_chance < 0.14 then 'no_school'
                when kind_chance < 0.28 then 'unknown_school'
                when kind_chance < 0.48 then 'holding'
                when kind_chance < 0.60 then 'other'
                when kind_chance < 0.70 then 'no_phu'
                when kind_chance < 0.82 then 'not_a_phu'
                when age <= 11 then 'secondary'
                when age >= 15 then 'elementary'
                else 'no_school'
            end
            when record_kind = 'lower_priority' then case
                when age in (12, 13) then 'secondary'
                when age = 14 then 'elementary'
                when kind_chance < 0.5 then 'no_type'
                else 'unlisted'
            end
            when record_kind = 'previous' then if(age in (14, 15), 'elementary', level)
            when
                record_kind = 'main'
                and draw('school_unplaced', records.client_no) < rate('school_unplaced')
                then pick(['pseudo', 'pseudo', 'no_type', 'unlisted'], kind_chance)
            else level
        end as place,
        pupil.second_chance as other_chance,
        case record_kind
            when 'third' then day_chance
            when 'previous' then kind_chance
            else school_chance
        end as place_chance
    from records
    inner join pupil using (client_no)
),

schooled as (
    select
        placed.*,
        case
            when place = 'no_school' then null
            when place = 'unknown_school' then pick(['9999999', '0000000', 'ZZ-99999', '123'], place_chance)
            else coalesce(school_slots.school_id, special.school_id)
        end as school_id
    from placed
    left join school_slots
        on school_slots.phu_no = placed.phu_no
        and school_slots.level = placed.place
        and school_slots.slot = (
            floor(placed.place_chance * school_slots.slots)
            -- The second school is another one.
            + if(placed.record_kind = 'second', 1 + floor(placed.other_chance * (school_slots.slots - 1)), 0)
        )::bigint % school_slots.slots
    left join (
        select special_schools.category, slot, slots, schools.school_id
        from special_schools
        inner join schools using (special_no)
    ) as special
        on special.category = placed.place
        and special.slot = floor(placed.place_chance * special.slots)
)

select
    concat('ED', lpad((client_no * 10 + position)::varchar, 9, '0')) as education_record_id,
    if(
        record_kind = 'previous' and flaw_chance > 1 - 3 * rate('education_orphan'),
        concat('99', right(client_id, 8)),
        client_id
    ) as client_id,
    school_id,
    if(
        record_kind in ('main', 'second')
        and effective_from <= assessment_date()
        and flaw_chance < rate('education_start_missing'),
        null,
        shaped_date(effective_from, kind_chance, rate('education_date_shape'))
    ) as effective_from,
    shaped_date(effective_to, flaw_chance, rate('education_date_shape')) as effective_to,
    case
        when flaw_chance < 0.05 then null
        else lpad(least(12, age - 5 + if(flaw_chance < 0.08, 1, 0))::varchar, 2, '0')
    end as grade,
    if(draw('education_duplicate', record_key) < rate('education_duplicate'), 2, 1) as copies
from schooled;

create or replace temp table extract_education_records as
select education_record_id, client_id, school_id, effective_from, effective_to, grade
from education_row
cross join lateral (select unnest(range(copies)))
order by education_record_id;

-- 3. Visits ----------------------------------------------------------------------------------------------------------
create or replace temp table visit_due as
with due as (
    select
        client.client_no,
        client.birth_date,
        client.entry_date,
        visits.*,
        client.carelessness,
        client.phu_miss,
        client.late_start,
        -- School clinics: the schools of a unit share seven days a year.
        (
            case anchor
                when 'birth' then birth_date
                when 'entry' then entry_date
                else make_date(year(birth_date) + 12, 9, 18)
                    + days(draw('clinic', concat(phu_no, '|', year(birth_date), '|', client_no % 7)), 60)
            end
            + to_months(months)
        )::date + visits.days as due_date
    from client
    inner join visits
        on visits.stream in ('ontario', 'school')
        or (visits.stream = 'entry' and client.is_entrant)
        or (visits.stream = 'influenza' and client.takes_influenza)
        or visits.stream = client.foreign_stream
    where client.family = 'other' and due_date <= assessment_date()
),

drawn as (
    select
        *,
        low_bits(hashed('visit', concat(client_no, '|', visit))) as luck,
        part(luck, 0) as delay,
        part(luck, 1) as earliness
    from due
),

timed as (
    select
        *,
        due_date
        + floor(delay * delay * delay * late * if(carelessness > 1, 1.5, 1))::integer
        + floor(start * late_start)::integer
        - if(earliness < early, 1 + floor(earliness / early * early_days)::integer, 0) as visit_date
    from drawn
)

select
    client_no,
    visit,
    unless,
    -- Nobody vaccinates on a Sunday, and no school on a Saturday.
    visit_date + case
        when isodow(visit_date) = 7 then 1
        when isodow(visit_date) = 6 and stream = 'school' then 2
        else 0
    end as visit_date,
    part(luck, 2) >= least(0.97, miss * carelessness * phu_miss) as is_attended
from timed
where
    visit_date <= assessment_date()
    and case
        when stream in ('ontario', 'school', 'influenza') then visit_date >= entry_date
        when stream = 'entry' then true
        else visit_date < entry_date
    end;

create or replace temp table visit_made as
select visit_due.client_no, visit_due.visit, visit_due.visit_date
from visit_due
left join visit_due as other
    on other.client_no = visit_due.client_no
    and other.visit = visit_due.unless
    and other.is_attended
where visit_due.is_attended and other.client_no is null;

-- 4. Doses -----------------------------------------------------------------------------------------------------------
create or replace temp table dose as
with attended as (
    select
        visit_made.*,
        client.client_id,
        client.birth_date,
        client.gender,
        client.brand,
        client.migration_date,
        client.phu_miss,
        datediff('month', client.birth_date, visit_made.visit_date)
        - if(day(visit_made.visit_date) < day(client.birth_date), 1, 0) as age_months
    from visit_made
    inner join client using (client_no)
),

offered as (
    select
        attended.*,
        given.agent,
        given.share,
        given.taken_from,
        given.taken_before,
        concat(client_no, '|', given.visit, '|', agent) as dose_key,
        -- In a unit that misses less, more families are willing.
        case
            when given.taking = 'any' then 0
            when given.taking in ('school', 'varicella', 'pneumococcal')
                then greatest(0, 1 - (1 - draw(concat('taking_', given.taking), client_no)) / phu_miss)
            else draw(concat('taking_', given.taking), client_no)
        end as standing
    from attended
    inner join given
        on given.visit = attended.visit
        and (given.gender is null or given.gender = attended.gender)
        and (given.given_from is null or attended.visit_date >= given.given_from)
        and (given.given_before is null or attended.visit_date < given.given_before)
        and (given.born_from is null or attended.birth_date >= given.born_from)
        and (given.born_before is null or attended.birth_date < given.born_before)
        and (given.months_from is null or attended.age_months >= given.months_from)
        and (given.months_before is null or attended.age_months < given.months_before)
)

select
    client_no,
    client_id,
    birth_date,
    brand,
    migration_date,
    visit,
    visit_date,
    agent,
    dose_key,
    hashed('dose', dose_key) as dose_hash,
    low_bits(dose_hash) as luck,
    high_bits(dose_hash) as more_luck,
    draw('copy', dose_key) as copy_chance
from offered
where
    standing >= taken_from
    and standing < taken_before
    and case when share < 1 then draw('reported', dose_key) else 0 end < share;

-- Flawed copies, beside the doses that they copy. shifted: the copy's date.
create or replace temp table dose_copy as
with chosen as (
    select dose.*, copy_flaws.flaw
    from dose
    inner join copy_flaws
        on dose.copy_chance >= copy_flaws.chance_from
        and dose.copy_chance < copy_flaws.chance_before

    union all

    -- Conjugate doses of infants hardly ever follow a polysaccharide one; those of children who came later may.
    select *, 'polysaccharide_before'
    from dose
    where visit = 'e1' and draw('entrant_polysaccharide', dose_key) < rate('entrant_polysaccharide')
),

drawn as (
    select
        *,
        draw('copy_which', dose_key) as which,
        draw('copy_days', dose_key) as day_chance
    from chosen
)

select
    * exclude (agent, visit_date),
    case flaw
        when 'same_day_other_agent' then pick(getvariable('agents_of_the_year'), which)
        when 'unknown_agent' then pick([
            'HAHB-pediatric', 'HAHB-unspecified', 'HB-pediatric', 'Hib-HB', 'DTwP-HB', 'rota-unspecified',
            'Not Specified', 'Inf (QIV)', 'LAIV', 'Rota-5', null
        ], which)
        when 'live_before' then pick([
            'YF', 'YF', 'BCG vaccine', 'Sma', 'Zos', 'Zos-unspecified', 'Var', 'M', 'R', 'Mu', 'MR'
        ], which)
        when 'polysaccharide_before' then if(
            agent like 'Pneu%',
            pick(['Pneu-P-23', 'pneu-p-unspecified'], which),
            pick([
                'Men-P-ACYW-135', 'men-p-AC unspecified', 'men-p-unspecified', 'men-p-A unspecified',
                'Men-P-AC unspecified'
            ], which)
        )
        else agent
    end as agent,
    case flaw
        when 'days_later' then visit_date + 1 + days(day_chance, 20)
        when 'before_birth' then (visit_date - to_years(if(visit_date < birth_date + 3000, 10, 20)))::date
        when 'after_assessment' then assessment_date() + 1 + days(day_chance, if(which < 0.7, 60, 400))
        when 'too_early' then birth_date + 1 + days(day_chance, visit_date - birth_date)
        when 'live_before' then visit_date - 1 - days(day_chance, 27)
        when 'polysaccharide_before' then visit_date - 1 - days(day_chance, if(agent like 'Pneu%', 400, 200))
        else visit_date
    end as visit_date
from drawn
where
    (flaw != 'live_before' or agent in ('MMR', 'MMR-Var', 'Var', 'M', 'MR'))
    and (flaw != 'polysaccharide_before' or agent like 'Men-C%' or agent like 'Pneu-C%');

create or replace temp table immunization as
with every_dose as (
    select *, null as flaw
    from dose
    union all by name
    select *
    from dose_copy
    where flaw != 'exact_duplicate'
),

numbered as (
    select
        *,
        row_number() over (partition by client_no order by dose_hash, flaw nulls first) as position
    from every_dose
)

select
    numbered.* exclude (client_id, agent),
    if(flaw = 'orphan', concat('99', right(client_id, 8)), client_id) as client_id,
    case
        when
            products.unspecified_agent is not null
            and part(more_luck, 3) between 0.5 and 0.5 + 2 * rate('agent_unspecified')
            then products.unspecified_agent
        when part(more_luck, 3) < rate('agent_spelling')
            then misspelt(numbered.agent, part(more_luck, 3) / rate('agent_spelling'))
        else numbered.agent
    end as agent,
    pick(products.trade_names, brand) as usual_trade_name,
    visit in ('g7_autumn', 'g7_late', 'g7_spring', 'g8_autumn', 'g8_winter', 'g8_spring') as is_at_school,
    visit_date < migration_date and part(more_luck, 1) < 0.85 and not is_at_school as is_migrated
from numbered
left join products on products.agent = numbered.agent;

create or replace temp table extract_immunizations as
with immunization_rows as (
    select
        concat('IM', lpad((client_no * 100 + position)::varchar, 9, '0')) as immunization_id,
        client_id,
        agent,
        case flaw
            when 'no_date' then null
            when 'no_such_date' then not_a_date(part(luck, 1))
            else shaped_date(visit_date, part(more_luck, 0), rate('dose_date_shape'))
        end as administered_date,
        case
            when part(luck, 2) >= case when is_migrated then 0.3 when is_at_school then 0.97 else 0.6 end then null
            -- Free text, where the record came from IRIS.
            when usual_trade_name = 'Engerix-B' and part(luck, 3) < if(is_migrated, 0.8, 0.25)
                then pick([
                    'ENGERIX-B', 'Engerix B', 'engerix', 'Engerix-B Peds', 'ENGERIXB 20MCG', 'Engerix®-B',
                    'GSK Engerix–B'
                ], part(luck, 3) / if(is_migrated, 0.8, 0.25))
            when is_migrated and part(luck, 3) < 0.2 then upper(usual_trade_name)
            else usual_trade_name
        end as trade_name,
        if(
            part(luck, 2) < if(is_at_school, 0.9, 0.25),
            concat(chr(65 + days(part(luck, 0), 26)), lpad(days(part(luck, 1), 100000)::varchar, 5, '0')),
            null
        ) as lot_number,
        case
            when is_migrated then 'IRIS migration'
            when is_at_school then 'PHU clinic'
            else pick(
                ['ICON', 'ICON', 'ICON', 'phone', 'fax', 'mail', 'e-mail', 'in person', 'PHU clinic'], part(luck, 1)
            )
        end as reported_by,
        case
            when is_migrated then migration_date
            when is_at_school then visit_date
            else least(
                visit_date + days(part(more_luck, 2) * part(more_luck, 2), 900), greatest(visit_date, assessment_date())
            )
        end as recorded_date,
        position,
        dose_key
    from immunization
)

select immunization_rows.* exclude (position, dose_key)
from immunization_rows
left join dose_copy on dose_copy.dose_key = immunization_rows.dose_key and dose_copy.flaw = 'exact_duplicate'
cross join lateral (select unnest(range(if(dose_copy.flaw is null, 1, 2))))
order by immunization_id;

-- 5. Exemptions ------------------------------------------------------------------------------------------------------
create or replace temp table exemption as
with granted as (
    select
        client.*,
        kinds.kind as exemption_kind,
        kinds.reasons,
        kinds.antigens,
        kinds.kind_no,
        concat(client_no, '|', kinds.kind_no) as grant_key,
        draw('exemption_from', grant_key) as from_chance,
        draw('exemption_to', grant_key) as to_chance
    from client
    inner join exemption_kinds as kinds
        on kinds.families = 'any'
        or kinds.families = client.family
        or (kinds.families = 'odd' and draw('exemption_odd', client.client_no) < 2 * rate('exemption_odd'))
    where
        draw('granted', concat(client_no, '|', kinds.kind_no))
        < kinds.multiplier
        * if(kinds.kind like 'belief%' and kinds.families = 'other', client.phu_miss, 1)
        * (kinds.at_7 + (kinds.at_17 - kinds.at_7) * (client.age - 7) / 10)
),

dated as (
    select
        *,
        -- Most are filed between entering school and now; some have ended, some begin only after the year.
        case
            when to_chance < 0.03 then assessment_date() + 1 + days(from_chance, 20)
            when from_chance < 0.02 then null
            else least(
                birth_date + 1500 + days(from_chance, greatest(300, 365 * (age - 4))),
                school_year_start() + days(from_chance, 300)
            )
        end as effective_from,
        case
            when to_chance < 0.7 then null
            when to_chance < 0.78 then greatest(coalesce(effective_from, birth_date + 1500), school_year_start() - 900)
                + days(from_chance, 400)
            when to_chance < 0.8 then assessment_date()
            else school_year_start() + 400 + days(from_chance, 1500)
        end as effective_to
    from granted
),

labelled as (
    select
        dated.*,
        wanted.antigen,
        concat(grant_key, '|', wanted.antigen) as exemption_key,
        draw('exemption_label', exemption_key) as label_chance,
        draw('exemption_flaw', exemption_key) as flaw_chance,
        row_number() over (partition by client_no order by kind_no, wanted.antigen) as position,
        if(
            label_chance < rate('exemption_other_label'),
            pick(exemption_labels.labels, label_chance / rate('exemption_other_label')),
            exemption_labels.labels[1]
        ) as label
    from dated
    cross join lateral (select unnest(dated.antigens) as antigen) as wanted
    inner join exemption_labels
        on exemption_labels.antigen = wanted.antigen
        and dated.age >= exemption_labels.age_from
        and dated.age < exemption_labels.age_before
)

select
    concat('EX', lpad((client_no * 100 + position)::varchar, 9, '0')) as exemption_id,
    if(draw('exemption_orphan', exemption_key) < rate('exemption_orphan'), concat('99', right(client_id, 8)), client_id)
        as client_id,
    if(
        flaw_chance < rate('exemption_spelling'),
        misspelt(label, flaw_chance / rate('exemption_spelling')),
        label
    ) as antigen,
    if(
        flaw_chance > 1 - rate('exemption_spelling'),
        misspelt(pick(reasons, draw('exemption_reason', grant_key)), (1 - flaw_chance) / rate('exemption_spelling')),
        pick(reasons, draw('exemption_reason', grant_key))
    ) as reason,
    if(
        flaw_chance between 0.4 and 0.4 + rate('exemption_bad_date'),
        not_a_date(from_chance),
        shaped_date(effective_from, label_chance, rate('exemption_date_shape'))
    ) as effective_from,
    shaped_date(effective_to, label_chance, rate('exemption_date_shape')) as effective_to,
    if(draw('exemption_duplicate', exemption_key) < rate('exemption_duplicate'), 2, 1) as copies
from labelled;

create or replace temp table extract_exemptions as
select exemption_id, client_id, antigen, reason, effective_from, effective_to
from exemption
cross join lateral (select unnest(range(copies)))
order by exemption_id;
