with exemptions as (
    select * from {{ ref('stg_panorama__exemptions') }}
),

labels as (
    select distinct {{ normalized_label('exemption_antigen') }} as antigen_label
    from {{ ref('exemption_labels') }}
),

aliases as (
    select
        {{ normalized_label('alias') }} as alias_label,
        {{ normalized_label('exemption_antigen') }} as antigen_label
    from {{ ref('exemption_label_aliases') }}
),

names as (
    select
        antigen_label as name_label,
        antigen_label
    from labels
    union all
    select
        aliases.alias_label as name_label,
        aliases.antigen_label
    from aliases
    left join labels
        on aliases.alias_label = labels.antigen_label
    where labels.antigen_label is null
),

outside_annex as (
    select {{ normalized_label('value') }} as name_label
    from {{ ref('values_outside_annex') }}
    where column_name = 'exemption_antigen'
),

written as (
    select
        exemption_antigen_label,
        count(*) as records
    from exemptions
    where exemption_antigen_label is not null
    group by exemption_antigen_label
),

named as (
    select
        written.exemption_antigen_label,
        written.records,
        names.antigen_label
    from written
    left join names
        on written.exemption_antigen_label = names.name_label
),

cells as (
    select * from named
    where antigen_label is null
),

pieces as (
    {{ matching_parts(
        'cells', ['exemption_antigen_label'], rewritten('exemption_antigen_label', [['-*[,;|+&/]+-*|-and-|-et-', '|']]), '[^|]+'
    ) }}
),

pieces_named as (
    select
        pieces.exemption_antigen_label,
        names.antigen_label,
        outside_annex.name_label is not null as is_outside_annex
    from pieces
    left join names
        on pieces.part = names.name_label
    left join outside_annex
        on pieces.part = outside_annex.name_label
),

-- A cell is read if every piece is an antigen; pieces known to be outside the annex (Rabies) are skipped.
cells_read as (
    select exemption_antigen_label
    from pieces_named
    group by exemption_antigen_label
    having
        max(antigen_label) is not null
        and max(case when antigen_label is null and not is_outside_annex then 1 else 0 end) = 0
),

antigens_of_cells as (
    select distinct
        pieces_named.exemption_antigen_label,
        pieces_named.antigen_label
    from pieces_named
    inner join cells_read
        on pieces_named.exemption_antigen_label = cells_read.exemption_antigen_label
    where pieces_named.antigen_label is not null
),

final as (
    select
        named.exemption_antigen_label,
        coalesce(named.antigen_label, antigens_of_cells.antigen_label) as antigen_label,
        named.records,
        coalesce(named.antigen_label, antigens_of_cells.antigen_label) is not null as is_known,
        antigens_of_cells.antigen_label is not null as is_read_from_cell
    from named
    left join antigens_of_cells
        on named.exemption_antigen_label = antigens_of_cells.exemption_antigen_label
)

select * from final
