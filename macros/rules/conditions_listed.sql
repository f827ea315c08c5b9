{#-
    Query of the conditions of rules, one row for each row of `doses` and condition of its rule: condition_number, condition, subject_date,
    comparison, base, base_date, period, bound_date (base_date plus period) and is_met. `doses` has `keys` and rule_id; the relation
    `rules` has the periods as texts.
-#}
{% macro conditions_listed(doses, rules, keys, conditions) -%}
    {%- set keys_of_doses = [] -%}
    {%- for key in keys + ['rule_id'] -%}
        {%- do keys_of_doses.append('doses.' ~ key) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- for condition in conditions -%}
        {%- do rows.append([
            condition.base ~ ' is not null and ' ~ condition.text ~ ' is not null', loop.index, "'" ~ condition.name ~ "'",
            condition.subject, "'" ~ condition.comparison ~ "'", "'" ~ condition.base_name ~ "'", condition.base, condition.text
        ]) -%}
    {%- endfor -%}
    select
        *,
        {{ add_period('base_date', 'cast(period as interval)') }} as bound_date,
        coalesce(
            case
                when comparison = 'from' then subject_date >= {{ add_period('base_date', 'cast(period as interval)') }}
                else subject_date < {{ add_period('base_date', 'cast(period as interval)') }}
            end,
            false
        ) as is_met
    from (
        {{ unpivoted(
            doses ~ ' as doses inner join ' ~ rules ~ ' as rules on doses.rule_id = rules.rule_id',
            keys=keys_of_doses, rows=rows,
            columns=['condition_number', 'condition', 'subject_date', 'comparison', 'base', 'base_date', 'period']
        ) }}
    ) as listed
{%- endmacro %}
