{#- The day that a "from" is held against: the dose's own plus the grace period. -#}
{% macro with_grace(dose_date, grace_days) -%}
    {{ return(add_period(dose_date, as_period("'" ~ grace_days ~ " days'")) if grace_days else dose_date) }}
{%- endmacro %}
