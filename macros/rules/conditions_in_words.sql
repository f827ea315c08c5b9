{#- Conditions of a rule as sentences, as arguments of concat_ws: one for each `about`, null where the rule has no such condition. -#}
{% macro conditions_in_words(conditions) -%}
    {%- set sentences = {} -%}
    {%- for condition in conditions | selectattr('prose') | sort(attribute='is_if_any') -%}
        {%- do sentences.setdefault(condition.about, []).append(condition) -%}
    {%- endfor -%}
    {%- for sentence in sentences.values() %}
    {{ sentence[0].prose[0] }} || nullif(concat_ws(' and ', {{ sentence | map(attribute='said') | join(', ') }}), '') || {{ sentence[0].prose[1] }}
        {{- ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
