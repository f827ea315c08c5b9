{#-
    What the columns of a row say stands in the row's annex sentence. A period: its number and unit behind the sign that the column
    means, ≥ (or "1 to <4 years old") and <, intervals with "after" behind them. A number of doses: "≥5 valid doses" or "Five valid
    doses". The number of one dose: the phrase that is given for it, `#` being its ordinal; the number of the slot only
    where the sentence is headed by one.
-#}
{% test numbers_stand_in_text(model, periods, counts=[], ordinals={}) %}
{%- set text = dbt.type_string() -%}
with said as (
    {%- for column in periods.split(', ') %}
    select
        rule_id,
        annex_text,
        '{{ column }}' as column_name,
        {{ column }} as column_value,
        split_part({{ column }}, ' ', 1) as number_text,
        replace(split_part({{ column }}, ' ', 2), 's', '') as unit
    from {{ model }}
    where {{ column }} is not null
    union all
    {%- endfor %}
    {%- for column in counts + (ordinals | list) %}
    select
        rule_id,
        annex_text,
        '{{ column }}' as column_name,
        cast({{ column }} as {{ text }}) as column_value,
        cast({{ column }} as {{ text }}) as number_text,
        case {{ column }}
            {%- for word in (
                ['one', 'two', 'three', 'four', 'five', 'six'] if column in counts
                else ['first', 'second', 'third', 'fourth', 'fifth', 'sixth']
            ) %}
            when {{ loop.index }} then '{{ word }}'
            {%- endfor %}
            else '?'
        end as unit
    from {{ model }}
    where {{ column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

compared as (
    select
        said.*,
        case
            {%- for column in counts %}
            when column_name = '{{ column }}'
                then
                    annex_text like concat('%≥', number_text, ' valid dose%')
                    or lower(annex_text) like concat(unit, ' valid dose%')
            {%- endfor %}
            {%- for column, phrase in ordinals.items() %}
            when column_name = '{{ column }}'
                then
                    lower(annex_text) like concat('%', replace('{{ phrase }}', '#', unit), '%')
                    {%- if column == 'dose_number' %}
                    or annex_text not like '%{{ phrase | replace("#", "") }}%'
                    {%- endif %}
            {%- endfor %}
            when column_name like '%before' then annex_text like concat('%<', number_text, ' ', unit, '%')
            when column_name like '%interval_from'
                then
                    annex_text like concat('%≥', number_text, ' ', unit, ' after %')
                    or annex_text like concat('%≥', number_text, ' ', unit, 's after %')
            when number_text = '0' then annex_text like '%on or after birth%'
            else
                annex_text like concat('%≥', number_text, ' ', unit, ' old%')
                or annex_text like concat('%≥', number_text, ' ', unit, 's old%')
                or annex_text like concat('%≥', number_text, ' ', unit, ' to <%')
                or annex_text like concat('%≥', number_text, ' ', unit, 's to <%')
                {%- for digits in ['_', '__'] %}
                or annex_text like concat('% ', number_text, ' to <{{ digits }} ', unit, '%')
                {%- endfor %}
        end as stands
    from said
)

select
    rule_id,
    column_name,
    column_value,
    concat('is not in the annex_text "', annex_text, '"') as problem
from compared
where not stands
{% endtest %}
