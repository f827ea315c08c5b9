-- What every chunk of clients shares: how chance is drawn, how often each flaw occurs, the health units, the schools,
-- the immunization programmes and the exemption labels. Run once. Variables: seed, students, school_year, flaws.

-- 1. Chance ----------------------------------------------------------------------------------------------------------
-- A draw is the MD5 of (seed, purpose, entity): MD5 is a standard, where DuckDB's hash() may change between versions,
-- and a draw that names its entity does not depend on row order, threads or chunks. Draws are turned into dates and
-- choices by IEEE-exact arithmetic only (no ln, no pow), so that other machines agree too.
create macro hashed(purpose, entity) as md5_number(concat_ws('|', getvariable('seed'), purpose, entity));
create macro draw(purpose, entity) as
    (hashed(purpose, entity) & 9007199254740991::uhugeint)::bigint / 9007199254740992.0;
-- For the millions of visits and doses one hash gives four independent draws (low bits) and four more (high bits).
create macro low_bits(hash_value) as (hash_value & 18446744073709551615::uhugeint)::ubigint;
create macro high_bits(hash_value) as (hash_value >> 64)::ubigint;
create macro part(four_draws, nth) as ((four_draws >> (16 * nth)) & 65535) / 65536.0;
create macro pick(choices, chance) as choices[1 + floor(chance * len(choices))::bigint];
create macro days(chance, most) as floor(chance * most)::integer;

create macro school_year_start() as make_date(getvariable('school_year'), 9, 1);
create macro assessment_date() as make_date(getvariable('school_year') + 1, 8, 31);

-- 2. Flaws -----------------------------------------------------------------------------------------------------------
-- Shares of the rows (or students) that a flaw may befall.
create table flaw_rates as
from (
    values
    -- clients
    ('client_duplicate', 0.0001, 0.002),
    ('client_date_shape', 0.005, 0.02),
    ('client_status_blanks', 0.0005, 0.003),
    ('gender_other', 0.001, 0.008),
    -- schools
    ('school_duplicate', 0.0005, 0.015),
    ('school_type_spelling', 0.01, 0.08),
    ('phu_spelling', 0.01, 0.05),
    ('phu_alias', 0.5, 0.5),
    -- education records
    ('education_duplicate', 0.0002, 0.002),
    ('education_orphan', 0.0003, 0.003),
    ('education_unusable', 0.012, 0.07),
    ('education_date_shape', 0.003, 0.015),
    ('education_start_missing', 0.004, 0.02),
    ('school_unplaced', 0.005, 0.02),
    -- immunizations
    ('agent_spelling', 0.001, 0.012),
    ('agent_unspecified', 0.008, 0.012),
    ('dose_date_shape', 0.004, 0.02),
    ('entrant_polysaccharide', 0.01, 0.2),
    -- exemptions
    ('exemption_duplicate', 0.0005, 0.006),
    ('exemption_orphan', 0.0005, 0.006),
    ('exemption_spelling', 0.002, 0.05),
    ('exemption_date_shape', 0.004, 0.03),
    ('exemption_bad_date', 0.0005, 0.008),
    ('exemption_odd', 0.002, 0.02),
    -- No flaws: how often a record bears another than the antigen's usual label; students with influenza vaccines, which
    -- count for no antigen and would be a seventh of the demonstration's rows.
    ('exemption_other_label', 0.3, 0.6),
    ('influenza', 0.3, 0.05)
) as t (flaw, realistic, demonstration);

set variable rates = (
    select map(list(flaw), list(if(getvariable('flaws') = 'demonstration', demonstration, realistic)))
    from flaw_rates
);
create macro rate(flaw) as getvariable('rates')[flaw];

-- A flawed copy stands beside the sound dose that it copies, so that flaws do not lower coverage by themselves.
create table copy_flaws as
select
    flaw,
    sum(share) over (order by position) - share as chance_from,
    sum(share) over (order by position) as chance_before
from (
    select
        flaw,
        row_number() over () as position,
        if(getvariable('flaws') = 'demonstration', demonstration, realistic) as share
    from (
        values
        ('exact_duplicate', 0.0005, 0.0008),
        ('same_day_same_agent', 0.003, 0.003),
        ('same_day_other_agent', 0.002, 0.008),
        ('days_later', 0.002, 0.003),
        ('before_birth', 0.0003, 0.0008),
        ('after_assessment', 0.0005, 0.0008),
        ('no_date', 0.0003, 0.0006),
        ('no_such_date', 0.0001, 0.0008),
        ('orphan', 0.0003, 0.0006),
        ('unknown_agent', 0.001, 0.0015),
        ('too_early', 0.0004, 0.003),
        ('live_before', 0.0005, 0.004),
        ('polysaccharide_before', 0.0005, 0.0025)
    ) as t (flaw, realistic, demonstration)
);

create macro shaped_date(day, chance, share) as case
    when chance < share * 0.5 then upper(strftime(day, '%Y %b %d'))
    when chance < share then strftime(day, '%b %-d, %Y')
    else day::varchar
end;
create macro not_a_date(chance) as
    pick(['2013-13-45', 'unknown', '2012-02-30', '0000-00-00', 'N/A', 'Fall 2009'], chance);
-- Spellings that the normalised comparison must see through: case, blanks, hyphens, dashes.
create macro misspelt(label, chance) as case floor(chance * 7)::integer
    when 0 then upper(label)
    when 1 then lower(label)
    when 2 then concat('  ', label, ' ')
    when 3 then replace(label, '-', ' ')
    when 4 then replace(replace(label, ' ', '–'), '-', '–')
    when 5 then replace(replace(label, ' ', '  '), '-', '--')
    else replace(replace(label, ' ', '-'), '-', '‑')
end;

-- 3. Public health units ---------------------------------------------------------------------------------------------
-- pupils: thousands, rounded. miss: how much likelier than average a dose is missed; invented, no unit's true record. The
-- last two: the school years that have the unit.
create table phu_of_any_year as
from (
    values
    ('AL', 'Algoma Public Health Unit', 14, 1.10, null, null),
    ('BR', 'Brant County Health Unit', 20, 0.80, null, 2024),
    ('CK', 'Chatham-Kent Public Health Unit', 14, 0.70, null, null),
    ('DU', 'Durham Region Health Department', 105, 0.90, null, null),
    ('EO', 'Eastern Ontario Health Unit', 29, 1.25, null, null),
    ('ET', 'Elgin-St. Thomas Health Unit', 15, 1.40, null, 2017),
    ('GB', 'Grey Bruce Health Unit', 20, 1.40, null, null),
    ('GE', 'Grand Erie Health Unit', 34, 1.00, 2024, null),
    ('HH', 'Huron Perth Health Unit', 19, 1.10, 2019, null),
    ('HK', 'Haliburton, Kawartha, Pine Ridge District Health Unit', 22, 0.85, null, 2024),
    ('HL', 'Halton Region Health Department', 95, 0.75, null, null),
    ('HM', 'Hamilton Public Health Services', 76, 1.15, null, null),
    ('HN', 'Haldimand-Norfolk Health Unit', 14, 1.30, null, 2024),
    ('HP', 'Hastings and Prince Edward Counties Health Unit', 21, 0.65, null, 2024),
    ('HU', 'Huron County Health Unit', 8, 1.20, null, 2019),
    ('KI', 'Kingston, Frontenac and Lennox & Addington Public Health', 25, 0.60, null, 2024),
    ('LA', 'Lambton Public Health', 17, 0.70, null, null),
    ('LG', 'Leeds, Grenville and Lanark District Health Unit', 21, 0.95, null, 2024),
    ('LK', 'Haliburton Kawartha Northumberland Peterborough Health Unit', 39, 0.80, 2024, null),
    ('ML', 'Middlesex-London Health Unit', 66, 0.85, null, null),
    ('NE', 'Northeastern Health Unit', 18, 1.25, 2024, null),
    ('NP', 'North Bay Parry Sound District Health Unit', 16, 0.90, null, null),
    ('NR', 'Niagara Region Public Health Unit', 58, 1.05, null, null),
    ('NW', 'Northwestern Health Unit', 14, 1.45, null, null),
    ('OT', 'Ottawa Public Health', 140, 0.90, null, null),
    ('OX', 'Oxford County Public Health', 16, 1.30, null, 2017),
    ('PE', 'Perth District Health Unit', 11, 1.00, null, 2019),
    ('PL', 'Peel Public Health', 225, 1.10, null, null),
    ('PO', 'Porcupine Health Unit', 13, 1.50, null, 2024),
    ('PT', 'Peterborough County-City Health Unit', 17, 0.75, null, 2024),
    ('RE', 'Renfrew County and District Health Unit', 14, 0.80, null, null),
    ('SE', 'South East Health Unit', 67, 0.75, 2024, null),
    ('SI', 'Simcoe Muskoka District Health Unit', 77, 1.20, null, null),
    ('SU', 'Sudbury and District Health Unit', 26, 0.65, null, null),
    ('SW', 'Southwestern Public Health', 31, 1.35, 2017, null),
    ('TH', 'Thunder Bay District Health Unit', 19, 1.25, null, null),
    ('TI', 'Timiskaming Health Unit', 5, 0.55, null, 2024),
    ('TO', 'Toronto Public Health', 340, 1.05, null, null),
    ('WA', 'Region of Waterloo, Public Health', 83, 0.95, null, null),
    ('WD', 'Wellington-Dufferin-Guelph Public Health', 45, 0.60, null, null),
    ('WE', 'Windsor-Essex County Health Unit', 60, 0.80, null, null),
    ('YK', 'York Region Public Health Services', 190, 1.00, null, null)
) as t (phu_id, phu_name, pupils, miss, year_from, year_before);

create table phu as
select
    phu_id,
    phu_name,
    -- The demonstration raises the smallest units a little, so that each has several students of every main age.
    pupils + if(getvariable('flaws') = 'demonstration', 3, 0) as pupils,
    miss,
    row_number() over (order by phu_id) - 1 as phu_no
from phu_of_any_year
where
    coalesce(year_from <= getvariable('school_year'), true)
    and coalesce(year_before > getvariable('school_year'), true);

-- Old names, which some schools keep.
create table phu_old_names as
select successor as phu_id, list(phu_name order by phu_id) as old_names
from (
    values
    ('SW', ['ET', 'OX']),
    ('HH', ['HU', 'PE']),
    ('GE', ['BR', 'HN']),
    ('LK', ['HK', 'PT']),
    ('NE', ['PO', 'TI']),
    ('SE', ['HP', 'KI', 'LG'])
) as t (successor, parts)
inner join phu_of_any_year on phu_of_any_year.phu_id in (select unnest(parts))
group by successor;

create table phu_ranges as
select
    phu_no,
    miss,
    (sum(pupils) over (order by phu_no) - pupils) / sum(pupils) over () as chance_from,
    if(phu_no = max(phu_no) over (), 1.0, sum(pupils) over (order by phu_no) / sum(pupils) over ()) as chance_before,
    -- Each unit moved from IRIS to Panorama on a day of its own.
    make_date(2013, 9, 1) + days(draw('phu_migration', phu_id), 1000) as migration_date
from phu;

-- 4. Schools ---------------------------------------------------------------------------------------------------------
create table school_kinds as
from (
    values
    ('elementary school', 300, 0.60, 2, ['Public School', 'Catholic Elementary School', 'Junior School']),
    ('secondary school', 700, 0.34, 2, ['Secondary School', 'Collegiate Institute', 'Catholic High School']),
    ('elementary & secondary school', 500, 0.03, 0, ['Community School', 'École publique']),
    ('private school authority', 120, 0.02, 0, ['Academy', 'Private School']),
    ('public school board', 400, 0.01, 0, ['Campus', 'Learning Centre'])
) as t (school_type, size, pupil_share, at_least, suffixes);

create table regular_schools as
with counted as (
    select
        phu.*,
        school_kinds.school_type,
        school_kinds.suffixes,
        greatest(
            school_kinds.at_least,
            ceil(
                getvariable('students') * phu.pupils / sum(phu.pupils) over (partition by school_kinds.school_type)
                * school_kinds.pupil_share / school_kinds.size
                - if(school_kinds.at_least = 0, draw('school_kind', concat(phu.phu_id, school_kinds.school_type)), 0)
            )
        )::integer as schools
    from phu
    cross join school_kinds
)

select
    phu_id,
    phu_no,
    phu_name,
    school_type,
    suffixes,
    row_number() over (order by phu_no, school_type, n) as school_no
from counted
cross join lateral (select unnest(range(schools)) as n);

-- Rows that are no ordinary school: each category as often as listed, the names in turn.
create table special_schools as
with categories as (
    from (
        values
        (1, 'holding', 14, 'elementary school', null, [
            'HOLDING', 'HOLDING FACILITY', 'HOLDING SCHOOL, DO NOT REMOVE', 'Z-HOLDING - NEW',
            'MINISTRY HOLDING SCHOOL', 'Holding - grade 8 leavers', 'zz holding (summer upload)'
        ]),
        (2, 'pseudo', 9, 'public school board', null, ['HOME SCHOOL', 'UNKNOWN', 'ADULT']),
        (3, 'other', 7, 'other', null, [
            'Otter Camp Day Treatment', 'Birch Licensed Child Care', 'Lantern College', 'Registry Training School'
        ]),
        (4, 'no_type', 4, null, null, ['Kestrel Fallow Learning Site', 'Untyped School Upload']),
        (5, 'unlisted', 6, 'alternative school', null, ['Quarry Alternative Program', 'Juniper Section 23 Classroom']),
        (6, 'no_phu', 4, 'elementary & secondary school', '', ['Moss Distance School', 'Unassigned Upload School']),
        (7, 'not_a_phu', 8, 'elementary & secondary school', 'Outside Ontario', [
            'Spruce Border School', 'Gull Island School', 'Prairie Exchange School', 'Harbour Overseas School'
        ]),
        (8, 'no_id', 3, 'elementary school', null, ['Pebble Seasonal School', 'Thistle Closed School', 'Fern Annex'])
    ) as t (category_no, category, schools, school_type, public_health_unit, names)
)

select
    category,
    category_no * 100 + n as special_no,
    n as slot,
    schools as slots,
    names[1 + n % len(names)] as school_name,
    case category
        when 'unlisted' then ['alternative school', 'care and treatment program', 'post-secondary'][1 + n % 3]
        when 'other' then ['other', 'Other', ' OTHER '][1 + n % 3]
        else school_type
    end as school_type,
    case
        when category = 'not_a_phu'
            then ['Outside Ontario', 'Province of Manitoba', 'Quebec', 'Ministry of Health'][1 + n % 4]
        else coalesce(public_health_unit, phu.phu_name)
    end as public_health_unit,
    phu.phu_id
from categories
cross join lateral (select unnest(range(schools)) as n)
inner join phu on phu.phu_no = (category_no * 7 + n * 11) % (select count(*) from phu);

create table schools as
with every_school as (
    select
        school_no,
        phu_id,
        concat_ws(
            ' ',
            pick([
                'Otter', 'Heron', 'Lynx', 'Juniper', 'Birch', 'Kestrel', 'Copper', 'Granite', 'Moss', 'Sumac', 'Plover',
                'Tamarack', 'Loon', 'Thistle', 'Cedar', 'Marten', 'Willow', 'Quartz', 'Bittern', 'Hazel'
            ], draw('school_name', school_no)),
            pick([
                'Lantern', 'Compass', 'Kettle', 'Harbour', 'Meadow', 'Ridge', 'Hollow', 'Anchor', 'Orchard', 'Beacon',
                'Creek', 'Quarry', 'Marsh', 'Bridge', 'Acorn', 'Pebble', 'Mill', 'Fallow', 'Windmill', 'Ferry'
            ], draw('school_name_second', school_no)),
            pick(suffixes, draw('school_name_suffix', school_no))
        ) as school_name,
        school_type,
        phu_name as public_health_unit,
        null as category,
        null as special_no
    from regular_schools

    union all by name

    select
        90000 + special_no as school_no,
        phu_id,
        school_name,
        school_type,
        public_health_unit,
        category,
        special_no
    from special_schools
)

select
    school_no,
    category,
    special_no,
    case
        when category = 'no_id' then null
        when draw('school_id_shape', school_no) < 0.08 then concat(phu_id, '-', 30000 + school_no % 60000)
        -- A prime stride makes the numbers look dealt out, and they stay unique.
        else lpad(((school_no * 61843 + 4711) % 1000000)::varchar, 6, '0')
    end as school_id,
    school_name,
    case
        when category is null and draw('school_type_spelling', school_no) < rate('school_type_spelling')
            then misspelt(school_type, draw('school_type_how', school_no))
        else school_type
    end as school_type,
    case
        when category is null and old_names is not null and draw('phu_alias', school_no) < rate('phu_alias')
            then pick(old_names, draw('phu_alias_which', school_no))
        when category is null and draw('phu_spelling', school_no) < rate('phu_spelling')
            then misspelt(public_health_unit, draw('phu_how', school_no))
        else nullif(public_health_unit, '')
    end as public_health_unit,
    if(
        category is null,
        concat('Synthetic District School Board ', 1 + days(draw('school_board', school_no), 72)),
        null
    ) as school_board
from every_school
left join phu_old_names using (phu_id);

-- Which schools a pupil may be sent to: numbered within health unit and level.
create table school_slots as
with levels as (
    select phu_no, school_no, 'young' as level
    from regular_schools
    where school_type != 'secondary school'
    union all
    select phu_no, school_no, 'old'
    from regular_schools
    where school_type != 'elementary school'
    union all
    select phu_no, school_no, 'elementary'
    from regular_schools
    where school_type = 'elementary school'
    union all
    select phu_no, school_no, 'secondary'
    from regular_schools
    where school_type = 'secondary school'
)

select
    phu_no,
    level,
    schools.school_id,
    row_number() over (partition by phu_no, level order by school_no) - 1 as slot,
    count(*) over (partition by phu_no, level) as slots
from levels
inner join schools using (school_no);

-- 5. Programmes ------------------------------------------------------------------------------------------------------
-- When a child is due to be seen. months, days: after the anchor. miss: the chance, for an average child in an average
-- unit, that the visit never comes. late: most days of delay (most children come in the first fifth). early: the chance
-- of coming up to `early_days` too soon. start: how much of a family's own late start shifts the visit.
-- unless: the visit takes place only when that other one did not.
create table visits as
from (
    values
    ('ontario', 'm2', 'birth', 2, 0, 0.012, 25, 0.02, 21, 1.0, null),
    ('ontario', 'm4', 'birth', 4, 0, 0.016, 25, 0.01, 30, 1.0, null),
    ('ontario', 'm6', 'birth', 6, 0, 0.03, 35, 0.01, 30, 1.0, null),
    ('ontario', 'm12', 'birth', 12, 0, 0.012, 40, 0.005, 9, 0.3, null),
    ('ontario', 'm15', 'birth', 15, 0, 0.014, 40, 0.005, 20, 0.3, null),
    ('ontario', 'm18', 'birth', 18, 0, 0.085, 120, 0.01, 60, 0.4, null),
    ('ontario', 'y4', 'birth', 48, 0, 0.063, 900, 0.012, 60, 0.3, null),
    ('ontario', 'y5_second_measles', 'birth', 52, 0, 0.015, 2600, 0, 0, 0, 'm18'),
    ('ontario', 'y5_first_measles', 'birth', 50, 0, 0.1, 700, 0, 0, 0, 'm12'),
    ('ontario', 'y7_late', 'birth', 98, 0, 0.25, 1500, 0, 0, 0, 'y4'),
    ('ontario', 'y14', 'birth', 168, 0, 0.15, 900, 0.005, 30, 0, null),
    ('school', 'g7_autumn', 'grade_7', 0, 0, 0.03, 0, 0, 0, 0, null),
    ('school', 'g7_late', 'grade_7', 0, 70, 0.3, 60, 0, 0, 0, 'g7_autumn'),
    ('school', 'g7_spring', 'grade_7', 0, 172, 0.05, 12, 0.03, 60, 0, null),
    ('school', 'g8_second', 'grade_7', 12, 0, 0.25, 60, 0, 0, 0, 'g7_spring'),
    ('school', 'g8_autumn', 'grade_7', 12, 0, 0.04, 20, 0, 0, 0, null),
    ('school', 'g8_winter', 'grade_7', 12, 61, 0.06, 10, 0, 0, 0, null),
    ('school', 'g8_spring', 'grade_7', 12, 185, 0.06, 12, 0, 0, 0, null),
    ('school', 'g9_last', 'grade_7', 24, 0, 0.3, 120, 0, 0, 0, 'g8_spring'),
    ('entry', 'e1', 'entry', 0, 30, 0.06, 200, 0, 0, 0, null),
    ('entry', 'e2', 'entry', 0, 95, 0.06, 200, 0, 0, 0, null),
    ('entry', 'e3', 'entry', 0, 300, 0.1, 250, 0, 0, 0, null),
    ('entry', 'e4', 'entry', 0, 500, 0.35, 400, 0, 0, 0, null),
    ('epi', 'epi_birth', 'birth', 0, 0, 0.08, 10, 0, 0, 0, null),
    ('epi', 'epi_w6', 'birth', 0, 42, 0.08, 40, 0.06, 6, 0.3, null),
    ('epi', 'epi_w10', 'birth', 0, 72, 0.09, 40, 0.02, 10, 0.3, null),
    ('epi', 'epi_w14', 'birth', 0, 102, 0.1, 50, 0.02, 10, 0.3, null),
    ('epi', 'epi_m9', 'birth', 9, 0, 0.1, 60, 0, 0, 0.3, null),
    ('epi', 'epi_m15', 'birth', 15, 0, 0.12, 120, 0, 0, 0.3, null),
    ('epi', 'epi_m18', 'birth', 18, 0, 0.15, 120, 0, 0, 0.3, null),
    ('epi', 'epi_y5', 'birth', 60, 0, 0.2, 300, 0, 0, 0, null),
    ('epi', 'epi_y11', 'birth', 132, 0, 0.5, 300, 0, 0, 0, null),
    ('western', 'west_m2', 'birth', 2, 0, 0.04, 30, 0, 0, 0.3, null),
    ('western', 'west_m4', 'birth', 4, 0, 0.05, 30, 0, 0, 0.3, null),
    ('western', 'west_m6', 'birth', 6, 0, 0.08, 60, 0, 0, 0.3, null),
    ('western', 'west_m12', 'birth', 12, 0, 0.05, 90, 0.01, 10, 0.3, null),
    ('western', 'west_m15', 'birth', 15, 0, 0.08, 120, 0, 0, 0.3, null),
    ('western', 'west_y4', 'birth', 50, 0, 0.1, 500, 0, 0, 0, null),
    ('western', 'west_y11', 'birth', 134, 0, 0.4, 400, 0, 0, 0, null),
    ('eastern', 'east_birth', 'birth', 0, 0, 0.04, 3, 0, 0, 0, null),
    ('eastern', 'east_m1', 'birth', 1, 0, 0.06, 10, 0, 0, 0.3, null),
    ('eastern', 'east_m2', 'birth', 2, 0, 0.06, 15, 0, 0, 0.3, null),
    ('eastern', 'east_m3', 'birth', 3, 0, 0.06, 15, 0, 0, 0.3, null),
    ('eastern', 'east_m4', 'birth', 4, 0, 0.07, 15, 0, 0, 0.3, null),
    ('eastern', 'east_m6', 'birth', 6, 0, 0.07, 30, 0, 0, 0.3, null),
    ('eastern', 'east_m8', 'birth', 8, 0, 0.08, 30, 0, 0, 0.3, null),
    ('eastern', 'east_m18', 'birth', 18, 0, 0.1, 60, 0, 0, 0.3, null),
    ('eastern', 'east_y2', 'birth', 25, 0, 0.2, 200, 0, 0, 0, null),
    ('eastern', 'east_y4', 'birth', 49, 0, 0.15, 300, 0, 0, 0, null),
    ('eastern', 'east_y6', 'birth', 73, 0, 0.15, 200, 0, 0, 0, null)
) as t (stream, visit, anchor, months, days, miss, late, early, early_days, start, unless)

union all

-- Influenza: the families that take it, autumn after autumn.
select 'influenza', concat('flu_', year), 'birth', 9 + 12 * year, 0, 0.35, 200, 0, 0, 0, null
from (select unnest(range(12)) as year);

-- What a visit gives. The ranges: date of the visit, date of birth, age in months. A family's standing on a group of
-- vaccines is one draw (0 the most willing); it takes the agent when the draw lies from taken_from to before
-- taken_before. share: of such doses that reach the register.
create table given (
    visit varchar, agent varchar, taking varchar, taken_from double, taken_before double, share double,
    gender varchar, given_from date, given_before date, born_from date, born_before date,
    months_from integer, months_before integer
);

insert into given (visit, agent, taking, taken_from, taken_before, share, given_from, given_before)
select v.visit, a.agent, a.taking, a.taken_from, a.taken_before, a.share, a.given_from, a.given_before
from (
    values
    (['m2', 'm4', 'm6', 'm18'], 'DTaP-IPV-Hib', 'any', 0, 1, 0.995, null, null),
    (['m2', 'm4', 'm6', 'm15'], 'Pneu-C-7', 'pneumococcal', 0, 0.92, 0.98, date '2005-01-01', date '2009-10-01'),
    (['m2', 'm4', 'm6', 'm15'], 'Pneu-C-10', 'pneumococcal', 0, 0.92, 0.98, date '2009-10-01', date '2010-11-15'),
    (['m2', 'm4'], 'Pneu-C-13', 'pneumococcal', 0, 0.94, 0.985, date '2010-11-15', date '2024-07-01'),
    (['m15'], 'Pneu-C-13', 'pneumococcal', 0, 0.92, 0.98, date '2010-11-15', date '2011-09-01'),
    (['m12'], 'Pneu-C-13', 'pneumococcal', 0, 0.94, 0.985, date '2011-06-01', date '2024-07-01'),
    (['m2', 'm4', 'm12'], 'Pneu-C-15', 'pneumococcal', 0, 0.94, 0.985, date '2024-07-01', null),
    (['y7_late', 'flu_7'], 'Pneu-C-20', 'high_risk', 0, 0.05, 1, date '2024-07-01', null),
    (['m2', 'm4'], 'Rota-1', 'rotavirus', 0, 0.78, 1, date '2011-08-01', date '2018-05-01'),
    (['m2', 'm4', 'm6'], 'Rota-5', 'rotavirus', 0, 0.78, 1, date '2018-05-01', null),
    (['m2', 'm4', 'm6'], 'HB', 'infant_hepatitis_b', 0, 0.03, 0.97, null, null),
    (['m12'], 'MMR', 'any', 0, 1, 1, null, null),
    (['m12'], 'Men-C-C', 'any', 0, 1, 0.998, date '2004-09-01', null),
    (['m12'], 'Men-C-C', 'early_meningococcal', 0, 0.25, 1, date '2001-09-01', date '2004-09-01'),
    (['m15'], 'Var', 'varicella', 0, 0.993, 0.995, date '2004-09-01', null),
    (['m15'], 'Var', 'varicella', 0, 0.25, 1, date '2000-09-01', date '2004-09-01'),
    (['y4'], 'DTaP-IPV', 'any', 0, 1, 1, null, date '2012-05-01'),
    (['y4'], 'Tdap-IPV', 'school_entry', 0, 0.93, 0.985, date '2012-05-01', null),
    (['y4'], 'DTaP-IPV', 'school_entry', 0.93, 1, 1, date '2012-05-01', null),
    (['y7_late'], 'Tdap-IPV', 'any', 0, 1, 1, null, null),
    (['y14'], 'Tdap', 'booster', 0, 0.965, 1, null, null),
    (['y14'], 'Td', 'booster', 0.965, 1, 1, null, null),
    (['g7_autumn', 'g7_late'], 'Men-C-ACYW-135', 'school', 0, 0.85, 0.995, date '2009-09-01', null),
    (['g7_autumn', 'g7_late'], 'Men-C-C', 'school', 0, 0.8, 0.99, null, date '2009-09-01'),
    (['g8_autumn', 'y14'], 'Men-C-ACYW-135', 'school', 0.85, 0.9, 0.9, date '2010-09-01', null),
    (['g7_autumn', 'g7_late', 'g7_spring', 'g8_second'], 'HB', 'school', 0, 0.71, 0.99, null, null),
    (['g7_autumn', 'g7_spring'], 'HAHB', 'school', 0.71, 0.73, 0.99, null, null),
    (['g8_autumn', 'g8_spring'], 'HB', 'school', 0.73, 0.8, 0.9, null, null),
    (['flu_0', 'flu_1', 'flu_2'], 'Inf', 'any', 0, 1, 1, null, date '2014-09-01'),
    (['flu_0', 'flu_1'], 'Inf (QIV)', 'any', 0, 1, 1, date '2014-09-01', null),
    (['epi_birth', 'east_birth'], 'BCG vaccine', 'any', 0, 0.9, 1, null, null),
    (['epi_birth', 'epi_w6', 'epi_w10', 'epi_w14', 'epi_m18', 'epi_y5'], 'OPV', 'any', 0, 1, 0.97, null, null),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPT-HB-Hib', 'epi', 0, 0.55, 1, date '2004-01-01', null),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPT-HB', 'epi', 0.55, 0.7, 1, date '2004-01-01', null),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPT-Hib', 'epi', 0.7, 0.85, 1, date '2004-01-01', null),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPT', 'epi', 0.85, 1, 1, date '2004-01-01', null),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPT', 'epi', 0, 0.7, 1, null, date '2004-01-01'),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPTP-Hib', 'epi', 0.7, 0.85, 1, null, date '2004-01-01'),
    (['epi_w6', 'epi_w10', 'epi_w14'], 'DPTP', 'epi', 0.85, 1, 1, null, date '2004-01-01'),
    (['epi_birth', 'epi_w6', 'epi_w14'], 'HB', 'epi', 0.7, 1, 0.9, null, null),
    (['epi_m9'], 'M', 'any', 0, 1, 0.95, null, null),
    (['epi_m9'], 'YF', 'yellow_fever', 0, 0.15, 1, null, null),
    (['epi_m15'], 'MMR', 'epi', 0, 0.75, 1, null, null),
    (['epi_m15'], 'MR', 'epi', 0.75, 0.9, 1, null, null),
    (['epi_m15'], 'M', 'epi', 0.9, 1, 1, null, null),
    (['epi_m18'], 'DPT', 'any', 0, 1, 1, null, null),
    (['epi_y5'], 'DPT', 'epi', 0, 0.6, 1, null, null),
    (['epi_y5'], 'DT', 'epi', 0.6, 1, 1, null, null),
    (['epi_y11'], 'Td', 'any', 0, 1, 1, null, null),
    (['west_m2', 'west_m4', 'west_m12'], 'DTaP-HB-IPV-Hib', 'western', 0, 0.55, 1, null, null),
    (['west_m2', 'west_m4', 'west_m6', 'west_m15'], 'DTaP-IPV-Hib', 'western', 0.55, 0.7, 1, null, null),
    (['west_m2', 'west_m4', 'west_m6'], 'DTaP-HB-IPV', 'western', 0.7, 0.85, 1, null, null),
    (['west_m2', 'west_m4', 'west_m6', 'west_m15'], 'Hib', 'western', 0.7, 0.85, 1, null, null),
    (['west_m15'], 'DTaP', 'western', 0.7, 0.95, 1, null, null),
    (
        ['west_m2', 'west_m4', 'west_m6'], if(getvariable('school_year') < 2018, 'DPT-Hib', 'DTaP-Hib'), 'western', 0.85, 0.95,
        1, null, null
    ),
    (['west_m2', 'west_m4', 'west_m6'], 'IPV', 'western', 0.85, 1, 1, null, null),
    (['west_m2', 'west_m4', 'west_m6', 'west_m15'], 'DPT', 'western', 0.95, 1, 1, null, null),
    (['west_m2', 'west_m4', 'west_m12'], 'Pneu-C-13', 'pneumococcal', 0, 0.9, 1, date '2010-01-01', null),
    (['west_m2', 'west_m4', 'west_m12'], 'Pneu-C-7', 'pneumococcal', 0, 0.6, 1, null, date '2010-01-01'),
    (['west_m12'], 'MMR', 'western', 0, 0.85, 1, null, null),
    (['west_m12'], 'MMR-Var', 'western', 0.85, 1, 1, null, null),
    (['west_m12'], 'Men-C-C', 'western', 0, 0.7, 1, null, null),
    (['west_m12'], 'Men-C-CY-Hib', 'western', 0.95, 1, 1, null, null),
    (['west_m15'], 'Var', 'western', 0, 0.5, 1, null, null),
    (['west_m15'], 'MMR', 'western', 0.3, 0.85, 1, null, null),
    (['west_y4'], 'DTaP-IPV', 'western', 0, 0.7, 1, null, null),
    (['west_y4'], 'DTaP', 'western', 0.7, 1, 1, null, null),
    (['west_y4'], 'IPV', 'western', 0.7, 1, 1, null, null),
    (['west_y4'], 'MMR', 'western', 0, 1, 1, null, null),
    (['west_y11'], 'Men-C-ACYW-135', 'western', 0.5, 1, 1, null, null),
    (['west_y11'], 'Tdap', 'western', 0.3, 1, 1, null, null),
    (['east_birth', 'east_m1', 'east_m6'], 'HB', 'any', 0, 1, 0.97, null, null),
    (['east_m2', 'east_m3', 'east_m4', 'east_y4'], 'OPV', 'eastern', 0, 0.8, 1, null, null),
    (['east_m2', 'east_m3', 'east_m4', 'east_y4'], 'IPV', 'eastern', 0.8, 1, 1, null, null),
    (['east_m3', 'east_m4', 'east_m6', 'east_m18'], 'DPT', 'eastern', 0, 0.5, 1, null, null),
    (['east_m3', 'east_m4', 'east_m6', 'east_m18'], 'DTaP', 'eastern', 0.5, 1, 1, null, null),
    (['east_m3', 'east_m4', 'east_m6'], 'Hib', 'eastern', 0.4, 0.9, 1, null, null),
    (['east_m8'], 'MR', 'eastern', 0, 0.6, 1, null, null),
    (['east_m8'], 'M', 'eastern', 0.6, 1, 1, null, null),
    (['east_m18'], 'MMR', 'any', 0, 1, 1, null, null),
    (['east_m18'], 'Var', 'eastern', 0.4, 0.8, 1, null, null),
    (['east_y2'], 'men-p-AC unspecified', 'eastern', 0, 0.5, 1, null, null),
    (['east_y2'], 'Men-P-ACYW-135', 'eastern', 0.9, 1, 1, null, null),
    (['east_y6'], 'DT', 'any', 0, 1, 1, null, null),
    (['east_y6'], 'MMR', 'eastern', 0.3, 0.9, 1, null, null)
) as a (visits, agent, taking, taken_from, taken_before, share, given_from, given_before)
cross join lateral (select unnest(a.visits) as visit) as v;

insert into given (visit, agent, taking, taken_from, taken_before, share, given_from)
select concat('flu_', year), agent, 'nasal_influenza', taken_from, taken_before, 1, date '2014-09-01'
from (select unnest(range(2, 12)) as year)
cross join (values ('LAIV', 0, 0.4), ('Inf (QIV)', 0.4, 1)) as a (agent, taken_from, taken_before);

insert into given (visit, agent, taking, taken_from, taken_before, share, given_before)
select concat('flu_', year), 'Inf', 'any', 0, 1, 1, date '2014-09-01'
from (select unnest(range(3, 12)) as year);

-- Whoever had a second measles dose at 18 months needs only varicella at school entry.
insert into given (visit, agent, taking, taken_from, taken_before, share, born_from, born_before)
values
('m18', 'MMR', 'any', 0, 1, 0.995, null, date '2010-02-01'),
('m18', 'MMR', 'early_second_measles', 0, 0.12, 1, date '2010-02-01', null),
('y4', 'MMR-Var', 'school_entry', 0.01, 1, 0.995, date '2010-02-01', null),
('y4', 'MMR', 'school_entry', 0, 0.01, 0.995, date '2010-02-01', null),
('y4', 'Var', 'varicella', 0, 0.8, 0.97, date '2006-08-01', date '2010-02-01'),
('y5_first_measles', 'MMR', 'any', 0, 1, 1, null, null),
('y5_first_measles', 'Men-C-C', 'any', 0, 1, 1, date '2003-09-01', null),
('y5_second_measles', 'MMR', 'any', 0, 1, 1, null, date '2010-02-01'),
('y7_late', 'MMR', 'any', 0, 1, 1, date '2010-02-01', null),
('y7_late', 'Var', 'varicella', 0, 0.8, 1, date '2010-02-01', null);

-- HPV: grade 8 girls until those born in 2003 (three doses until the school year 2014-15), then everybody in grade 7.
insert into given (
    visit, agent, taking, taken_from, taken_before, share, gender, given_from, given_before, born_from, born_before
)
values
('g8_autumn', 'HPV-4', 'school', 0, 0.745, 0.99, 'F', date '2007-09-01', date '2017-09-01', null, date '2004-01-01'),
('g8_winter', 'HPV-4', 'school', 0, 0.745, 0.97, 'F', date '2007-09-01', date '2015-09-01', null, date '2004-01-01'),
('g8_spring', 'HPV-4', 'school', 0, 0.745, 0.99, 'F', date '2007-09-01', date '2017-09-01', null, date '2004-01-01'),
('g9_last', 'HPV-4', 'school', 0, 0.745, 0.97, 'F', date '2007-09-01', date '2017-09-01', null, date '2004-01-01'),
('g8_second', 'HPV-9', 'school', 0, 0.69, 0.97, null, date '2017-09-01', null, date '2004-01-01', null),
('g7_autumn', 'HPV-4', 'school', 0, 0.69, 0.99, null, null, date '2017-09-01', date '2004-01-01', null),
('g7_spring', 'HPV-4', 'school', 0, 0.69, 0.99, null, null, date '2017-09-01', date '2004-01-01', null),
('g7_autumn', 'HPV-9', 'school', 0, 0.69, 0.99, null, date '2017-09-01', null, date '2004-01-01', null),
('g7_late', 'HPV-9', 'school', 0, 0.6, 0.99, null, date '2017-09-01', null, date '2004-01-01', null),
('g7_spring', 'HPV-9', 'school', 0, 0.69, 0.99, null, date '2017-09-01', null, date '2004-01-01', null),
('y14', 'HPV-9', 'private_hpv', 0, 0.03, 1, null, date '2015-09-01', null, null, null),
('y14', 'HPV-2', 'private_hpv', 0.03, 0.035, 1, null, date '2010-09-01', null, null, null);

-- Children who enter late (immigrants, families that start late) catch up by what they are old enough for.
insert into given (visit, agent, taking, taken_from, taken_before, share, months_from, months_before)
select v.visit, a.agent, a.taking, a.taken_from, a.taken_before, a.share, a.months_from, a.months_before
from (
    values
    (['e1', 'e2', 'e3', 'e4'], 'DTaP-IPV-Hib', 'any', 0, 1, 1, 2, 60),
    (['e1', 'e3', 'e4'], 'DTaP-IPV', 'any', 0, 1, 0.95, 60, 84),
    (['e1', 'e3'], 'Tdap-IPV', 'entry', 0, 0.9, 0.98, 84, 240),
    (['e2'], 'Td-IPV', 'entry', 0, 0.15, 0.97, 84, 240),
    (['e2'], 'Tdap-IPV', 'entry', 0.15, 1, 0.97, 84, 240),
    (['e1', 'e3'], 'Td-IPV', 'entry', 0.9, 1, 0.98, 84, 240),
    (['e1', 'e2'], 'MMR', 'any', 0, 1, 0.98, 12, 240),
    (['e3'], 'MMR', 'entry', 0, 0.3, 1, 12, 240),
    (['e1', 'e3'], 'Var', 'entry', 0, 0.95, 0.97, 12, 160),
    (['e1'], 'Men-C-C', 'any', 0, 1, 1, 12, 144),
    (['e1', 'e3'], 'Pneu-C-13', 'entry', 0, 0.85, 1, 2, 60),
    (['e1'], 'Men-C-ACYW-135', 'entry', 0, 0.93, 1, 144, 240),
    (['e2', 'e3'], 'HB', 'entry', 0, 0.4, 1, 132, 192),
    (['e1', 'e3'], 'HAHB', 'entry', 0.4, 0.46, 1, 12, 240)
) as a (visits, agent, taking, taken_from, taken_before, share, months_from, months_before)
cross join lateral (select unnest(a.visits) as visit) as v;

-- 6. Names on the dose -----------------------------------------------------------------------------------------------
create table products as
from (
    values
    ('DTaP-IPV-Hib', ['Pediacel', 'Pediacel', 'Infanrix-IPV/Hib'], null),
    ('DTaP-IPV', ['Quadracel', 'Infanrix-IPV'], null),
    ('DTaP-HB-IPV-Hib', ['Infanrix hexa'], null),
    ('Tdap-IPV', ['Adacel-Polio', 'Boostrix-Polio'], null),
    ('Tdap', ['Adacel', 'Boostrix'], 'ap-unspecified'),
    ('Td', ['Td Adsorbed'], 'd-unspecified'),
    ('Td-IPV', ['Td Polio Adsorbed'], null),
    ('MMR', ['M-M-R II', 'Priorix'], null),
    ('MMR-Var', ['Priorix-Tetra', 'Priorix-Tetra', 'ProQuad'], null),
    ('Var', ['Varivax III', 'Varilrix'], null),
    ('Pneu-C-7', ['Prevnar'], 'pneu-c-unspecified'),
    ('Pneu-C-10', ['Synflorix'], 'pneu-unspecified'),
    ('Pneu-C-13', ['Prevnar 13'], 'pneu-c-unspecified'),
    ('Men-C-C', ['Menjugate', 'NeisVac-C', 'Meningitec'], 'men-c-unspecified'),
    ('Men-C-ACYW-135', ['Menactra', 'Nimenrix', 'Menveo'], 'men-ACYW-135 unspecified'),
    ('HPV-2', ['Cervarix'], null),
    ('HPV-4', ['Gardasil'], 'hpv-unspecified'),
    ('HPV-9', ['Gardasil 9'], 'hpv-unspecified'),
    ('HB', ['Recombivax HB', 'Recombivax HB', 'Recombivax HB', 'Engerix-B', 'Engerix-B'], 'HB-unspecified'),
    ('HAHB', ['Twinrix', 'Twinrix Junior', 'TWINRIX JR'], 'HAHB-unspecified'),
    ('Rota-1', ['Rotarix'], 'rota-unspecified'),
    ('Rota-5', ['RotaTeq'], null),
    ('Hib', ['Act-HIB'], null),
    ('IPV', ['Imovax Polio'], 'p-unspecified'),
    ('OPV', [], 'p-unspecified'),
    ('DPT', [], 'pertussis-unspecified'),
    ('YF', ['YF-VAX'], null),
    ('LAIV', ['FluMist'], 'Inf'),
    ('Inf (QIV)', ['FluLaval Tetra', 'Fluzone Quadrivalent'], 'Inf')
) as t (agent, trade_names, unspecified_agent);

-- Agents that a flawed copy may have beside the sound dose: those that the annex of the school year knows.
set variable agents_of_the_year = list_concat(
    list_filter(
        [
            'D', 'd', 'd-unspecified', 'D-Hib', 'DPT-IPV', 'DPT-HB', 'DPTP', 'DPTP-Hib', 'DT', 'DT-IPV', 'DTaP',
            'DTaP-HB-IPV', 'DTaP-HB-IPV-Hib', 'DTaP-Hib', 'DTaP-IPV', 'Td', 'Td-IPV', 'Tdap', 'T', 'T-IPV', 'aP', 'ap',
            'ap-unspecified', 'wP', 'pertussis-unspecified', 'IPV', 'OPV', 'p-unspecified', 'Hib', 'HB', 'HB-dialysis',
            'HB-unspecified', 'HAHB', 'HPV-2', 'HPV-4', 'hpv-unspecified', 'M', 'MR', 'Mu', 'R', 'MMR', 'MMR-Var',
            'Var', 'Men-C-CY', 'Men-C-AC', 'men-AC unspecified', 'Men-C-CY-Hib', 'men-unspecified', 'men-c-unspecified',
            'men-ACYW-135 unspecified', 'Pneu-C-7', 'Pneu-C-10', 'pneu-unspecified', 'pneu-c-unspecified', 'Pneu-P-23'
        ],
        lambda agent: getvariable('school_year') >= 2018 or agent not in ('DTaP-Hib', 'Men-C-CY')
    ),
    if(getvariable('school_year') >= 2023, ['Pneu-C-15', 'Pneu-C-20'], [])
);

-- 7. Exemptions ------------------------------------------------------------------------------------------------------
-- The labels that the annex lists, the usual one first.
create table exemption_labels as
from (
    values
    ('diphtheria', ['Diphtheria (D)', 'Diphtheria (d)', 'diphtheria (d-u)'], 0, 99),
    ('tetanus', ['Tetanus (T)', 'Tetanus antibody'], 0, 99),
    ('pertussis', [
        'Pertussis (aP)', 'pertussis (P)', 'pertussis (ap)', 'pertussis (ap-u)', 'pertussis (pertussis-u)',
        'Pertussis (wP)'
    ], 0, 99),
    ('polio', ['Polio (IPV)', 'polio (p-u)', 'live poliovirus (OPV)'], 0, 99),
    ('measles', ['Measles (M)'], 0, 99),
    ('mumps', ['Mumps (Mu)'], 0, 99),
    ('rubella', ['Rubella (R)'], 0, 99),
    ('varicella', ['Varicella (Var)', 'Varicella-zoster antibody', 'Zoster (Zos)'], 0, 99),
    ('meningococcal', [
        'Meningitis (Men-C-GrC)', 'Men-C-AC', 'Men-C-CY', 'meningitis (men-ACYW135)', 'meningitis (men-C-ACYW135)',
        'meningitis (men-C-u)', 'meningitis (men-GrC)', 'meningitis (men-u)'
    ], 0, 12),
    ('meningococcal', [
        'meningitis (men-C-ACYW135)', 'meningitis (men-ACYW135)', 'meningitis (men-C-u)', 'meningitis (men-u)'
    ], 12, 99),
    ('hepatitis_b', [
        'Hepatitis B (HB)', 'Hepatitis B (HB-regular)', 'Hepatitis B (HB-dialysis)', 'Hep B antibody'
    ], 0, 99),
    ('none', ['Rabies', 'Typhoid', 'Influenza (Inf)', 'Japanese encephalitis'], 0, 99)
) as t (antigen, labels, age_from, age_before);

-- at_7, at_17: the share of students who have the exemption; ages between lie on the line between them.
create table exemption_kinds as
select
    *,
    if(getvariable('flaws') = 'demonstration', raised, 1) as multiplier
from (
    values
    (1, 'belief_all', 'never', 0.90, 0.93, 1.0, ['Philosophical reason'], [
        'diphtheria', 'tetanus', 'pertussis', 'polio', 'measles', 'mumps', 'rubella', 'meningococcal', 'varicella'
    ]),
    (2, 'belief_all', 'other', 0.018, 0.0135, 1.0, ['Philosophical reason'], [
        'diphtheria', 'tetanus', 'pertussis', 'polio', 'measles', 'mumps', 'rubella', 'meningococcal', 'varicella'
    ]),
    (3, 'belief_live', 'other', 0.008, 0.006, 1.0, ['Philosophical reason'], [
        'measles', 'mumps', 'rubella', 'varicella'
    ]),
    (4, 'belief_meningococcal', 'other', 0.003, 0.003, 1.0, ['Philosophical reason'], ['meningococcal']),
    (5, 'medical_live', 'any', 0.0025, 0.0017, 2.5, ['Medical - clinical decision'], [
        'measles', 'mumps', 'rubella', 'varicella'
    ]),
    (6, 'medical_pertussis', 'any', 0.0008, 0.0006, 4.0, ['Medical - clinical decision'], [
        'pertussis', 'diphtheria', 'tetanus', 'polio'
    ]),
    (14, 'medical_meningococcal', 'any', 0.0005, 0.0004, 10.0, ['Medical - clinical decision'], ['meningococcal']),
    (8, 'disease_varicella', 'any', 0.008, 0.05, 1.0, [
        'Medical - clinical record of disease', 'Medical - clinical record of disease', 'Medical - documented immunity'
    ], ['varicella']),
    (9, 'immune_measles', 'any', 0.001, 0.002, 3.0, [
        'Medical - documented immunity', 'Medical - clinical record of disease'
    ], ['measles', 'mumps', 'rubella']),
    (10, 'immune_rubella', 'any', 0.0004, 0.0008, 3.0, [
        'Medical - documented immunity', 'Medical - clinical record of disease'
    ], ['rubella', 'mumps']),
    (11, 'immune_hepatitis_b', 'any', 0.001, 0.003, 5.0, [
        'Medical - documented immunity', 'Medical - clinical record of disease'
    ], ['hepatitis_b']),
    (12, 'odd_antigen', 'odd', 0.5, 0.5, 1.0, ['Philosophical reason', 'Medical - clinical decision'], ['none']),
    (13, 'odd_reason', 'odd', 0.5, 0.5, 1.0, [
        'Consent not received', 'Parent declined', 'Deferred', 'Medical', null
    ], ['measles', 'pertussis'])
) as t (kind_no, kind, families, at_7, at_17, raised, reasons, antigens);

-- 8. The extract of schools ------------------------------------------------------------------------------------------
create table extract_schools as
select school_id, school_name, school_type, public_health_unit, school_board
from schools
cross join lateral (
    select unnest(range(if(draw('school_duplicate', schools.school_no) < rate('school_duplicate'), 2, 1)))
)
order by school_id nulls last, school_no;
