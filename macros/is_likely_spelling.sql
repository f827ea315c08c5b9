{#-
    Whether a label is a likely spelling of a known one, so that a suggestion never loses or adds an antigen: the letters and digits
    are the same, or they differ by a letter (by two in long names) within words of five letters or more. The short components of an
    agent (HB, Hib, MMR, MMRV) are compared as they are, and so are digits.
-#}
{% macro is_likely_spelling(written, known) -%}
    {%- set compact = [['[^\\p{L}\\p{Nd}]+', '']] -%}
    {%- set components = [['\\p{L}{5,}', '*'], ['[^\\p{L}\\p{Nd}*]+', '']] -%}
    (
        {{ rewritten(written, compact) }} = {{ rewritten(known, compact) }}
        or (
            {{ rewritten(written, components) }} = {{ rewritten(known, components) }}
            and levenshtein({{ written }}, {{ known }}) <= case when length({{ written }}) >= 10 then 2 else 1 end
        )
    )
{%- endmacro %}
