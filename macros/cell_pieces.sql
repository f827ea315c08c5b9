{#-
    The pieces of cells that hold several names, one row per piece that is not empty: `keys`, `piece`. `text` is a label
    (normalized_label). Between names stand commas, semicolons, bars, plus signs, ampersands, `and` or French `et`; where `slashes`
    is true a slash too.
-#}
{% macro cell_pieces(relation, keys, text, slashes=false) -%}
    {%- set separator = '-*[,;|+&' ~ ('/' if slashes else '') ~ ']+-*|-and-|-et-' -%}
    select
        {{ keys | join(', ') }},
        piece
    from (
        {{ adapter.dispatch('split_cells')(relation, keys, text, separator) }}
    ) as split_cells
    where piece <> ''
{%- endmacro %}

{% macro duckdb__split_cells(relation, keys, text, separator) -%}
    select
        {{ keys | join(', ') }},
        unnest(regexp_split_to_array({{ text }}, '{{ separator }}')) as piece
    from {{ relation }}
{%- endmacro %}

{% macro spark__split_cells(relation, keys, text, separator) -%}
    select
        {{ keys | join(', ') }},
        explode(split({{ text }}, r'{{ separator }}')) as piece
    from {{ relation }}
{%- endmacro %}

{#- A label without the remark in parentheses or the dose number behind it: hpv-9 of hpv-9-(2), mmr of mmr-(priorix). -#}
{% macro without_remark(label) -%}
    {{ return(rewritten(label, [[remark_pattern(), '']])) }}
{%- endmacro %}

{#- The remark that without_remark takes off, `#` where it is the number of a dose; null where there is none. -#}
{% macro remark_of(label) -%}
    case
        when {{ without_remark(label) }} <> {{ label }}
            then {{ rewritten(label, [
                ['^.*?' ~ remark_pattern(), '\\1\\2\\3'],
                ['^(?:dose-|#|no[.]?-?)?[1-9](?:st|nd|rd|th|er|e)?(?:-dose)?$', '#']
            ]) }}
    end
{%- endmacro %}

{% macro remark_pattern() -%}
    {{ return('-*(?:[(]([^()]*)[)]|(#[1-9])|-(dose-[1-9]))$') }}
{%- endmacro %}
