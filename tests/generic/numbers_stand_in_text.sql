{#- The number of every condition stands in the annex's sentence behind the sign that the column means: ≥ (or "1 to <4") and <. -#}
{% test numbers_stand_in_text(model, columns) %}
with printed as (
    {%- for column in columns %}
    select
        rule_id,
        annex_text,
        '{{ column }}' as column_name,
        split_part({{ column }}, ' ', 1) as number_text
    from {{ model }}
    where {{ column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from printed
where
    case
        when column_name like '%before' then annex_text not like concat('%<', number_text, ' %')
        when number_text = '0' then annex_text not like '%on or after birth%'
        else
            annex_text not like concat('%≥', number_text, ' %')
            and annex_text not like concat('% ', number_text, ' to <%')
    end
{% endtest %}
