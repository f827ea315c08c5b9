{#- Java's `$` also stands before a last line break, `\z` at the end only. In a raw string nothing is escaped. -#}
{% macro spark__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, r'{{ pattern | replace('$', '\\z') }}', '{{ replacement | replace('\\', '$') }}')
{%- endmacro %}

{% macro spark__has_match(text, pattern) -%}
    {{ text }} rlike r'{{ pattern | replace('$', '\\z') }}'
{%- endmacro %}

{% macro spark__matching_parts(relation, keys, text, pattern) -%}
    select
        {{ keys | join(', ') }},
        part,
        place + 1 as position
    from {{ relation }}
    lateral view posexplode(regexp_extract_all({{ text }}, r'{{ pattern | replace('$', '\\z') }}', 0)) as place, part
{%- endmacro %}
