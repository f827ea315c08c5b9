with geographies as (
    select * from {{ ref('int_geographies') }}
),

assessed_antigens as (
    select * from {{ ref('assessed_antigens') }}
),

antigens as (
    select * from {{ ref('antigens') }}
),

school_year as (
    select * from {{ ref('int_school_year') }}
),

final as (
    select
        school_year.school_year,
        geographies.geography,
        geographies.phu_id,
        geographies.phu_name,
        assessed_antigens.age,
        assessed_antigens.antigen,
        assessed_antigens.gender,
        assessed_antigens.is_in_all_ispa_coverage,
        assessed_antigens.is_exemption_applicable,
        assessed_antigens.has_series_uptake,
        antigens.is_in_dtp
    from geographies
    cross join school_year
    cross join assessed_antigens
    inner join antigens
        on assessed_antigens.antigen = antigens.antigen
    where {{ holds_in(definitions_year(), 'assessed_antigens') }}
)

select * from final
