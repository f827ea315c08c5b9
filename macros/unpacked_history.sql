{#-
    A client's whole history in one cell, one row per dose. Grammars that Panorama and PEAR export:
        Aug 20, 2013 - DTaP-IPV-Hib; Nov 18, 2013 - Pneu-C-13 - Invalid     (or commas, a trailing one too)
        [2013 AUG 20: DTaP-IPV-Hib, Pneu-C-13] [2013 NOV 18: …]
        - ,                                                                  (none)
    What they leave of the cell is unexplained_history.
-#}
{% macro unpacked_history(relation) -%}
    {{ return(adapter.dispatch('unpacked_history')(relation)) }}
{%- endmacro %}

{% macro unexplained_history(text) -%}
    {{ return(adapter.dispatch('unexplained_history')(text)) }}
{%- endmacro %}

{% macro history_patterns() -%}
    {{ return({
        'dated': '([A-Za-z]{3,9} [0-9]{1,2}, [0-9]{4}) - ([^;,\\[\\]]+)',
        'bracketed': '\\[([^\\[\\]:]*):([^\\[\\]]*)\\]',
        'verdict': ' - (Valid|Invalid)\\s*$'
    }) }}
{%- endmacro %}

{% macro duckdb__unpacked_history(relation) -%}
    {%- set patterns = history_patterns() -%}
    with days as (
        select
            source_row_number,
            client_id,
            trim(unnest(regexp_extract_all(history, '{{ patterns.bracketed }}', 1))) as date_text,
            unnest(regexp_extract_all(history, '{{ patterns.bracketed }}', 2)) as agents,
            generate_subscripts(regexp_extract_all(history, '{{ patterns.bracketed }}', 1), 1) as day_number
        from {{ relation }}
    ),

    entries as (
        select
            source_row_number,
            client_id,
            date_text,
            unnest(string_split(agents, ',')) as entry,
            day_number,
            generate_subscripts(string_split(agents, ','), 1) as entry_number
        from days
        union all
        select
            source_row_number,
            client_id,
            unnest(regexp_extract_all(history, '{{ patterns.dated }}', 1)) as date_text,
            unnest(regexp_extract_all(history, '{{ patterns.dated }}', 2)) as entry,
            generate_subscripts(regexp_extract_all(history, '{{ patterns.dated }}', 1), 1) as day_number,
            1 as entry_number
        from {{ relation }}
    )

    select
        source_row_number,
        client_id,
        date_text,
        regexp_replace(entry, '{{ patterns.verdict }}', '') as agent,
        nullif(regexp_extract(entry, '{{ patterns.verdict }}', 1), '') as panorama_verdict,
        row_number() over (partition by source_row_number order by day_number, entry_number, date_text, entry) as position_in_history
    from entries
    where trim(entry) <> ''
{%- endmacro %}

{% macro duckdb__unexplained_history(text) -%}
    {%- set patterns = history_patterns() -%}
    nullif(
        trim(
            regexp_replace(
                regexp_replace({{ text }}, '{{ patterns.bracketed }}', ' ', 'g'), '{{ patterns.dated }}', ' ', 'g'
            ),
            concat(' ,;-', chr(9), chr(10), chr(13), chr(160))
        ),
        ''
    )
{%- endmacro %}

{% macro spark__unpacked_history(relation) -%}
    {%- set patterns = history_patterns() -%}
    with bracketed as (
        select
            source_row_number,
            client_id,
            posexplode(regexp_extract_all(history, r'{{ patterns.bracketed }}', 0)) as (day_number, day_text)
        from {{ relation }}
    ),

    days as (
        select
            source_row_number,
            client_id,
            trim(regexp_extract(day_text, r'{{ patterns.bracketed }}', 1)) as date_text,
            regexp_extract(day_text, r'{{ patterns.bracketed }}', 2) as agents,
            day_number
        from bracketed
    ),

    dated as (
        select
            source_row_number,
            client_id,
            posexplode(regexp_extract_all(history, r'{{ patterns.dated }}', 0)) as (day_number, entry_text)
        from {{ relation }}
    ),

    entries as (
        select
            source_row_number,
            client_id,
            date_text,
            day_number,
            posexplode(split(agents, ',')) as (entry_number, entry)
        from days
        union all
        select
            source_row_number,
            client_id,
            regexp_extract(entry_text, r'{{ patterns.dated }}', 1) as date_text,
            day_number,
            0 as entry_number,
            regexp_extract(entry_text, r'{{ patterns.dated }}', 2) as entry
        from dated
    )

    select
        source_row_number,
        client_id,
        date_text,
        regexp_replace(entry, r'{{ patterns.verdict }}', '') as agent,
        nullif(regexp_extract(entry, r'{{ patterns.verdict }}', 1), '') as panorama_verdict,
        row_number() over (partition by source_row_number order by day_number, entry_number, date_text, entry) as position_in_history
    from entries
    where trim(entry) <> ''
{%- endmacro %}

{% macro spark__unexplained_history(text) -%}
    {%- set patterns = history_patterns() -%}
    nullif(
        btrim(
            regexp_replace(
                regexp_replace({{ text }}, r'{{ patterns.bracketed }}', ' '), r'{{ patterns.dated }}', ' '
            ),
            concat(' ,;-', chr(9), chr(10), chr(13), chr(160))
        ),
        ''
    )
{%- endmacro %}
