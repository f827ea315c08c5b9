{#-
    The day on which somebody reaches an age of `recommended_ages`: a period after birth, or for `grade 7` the 1 September of the year
    of the 12th birthday, for `grade 8` of the 13th, and so on.
-#}
{% macro day_of_age(birth, age) -%}
    case
        when {{ age }} like 'grade %'
            then make_date(cast(extract(year from {{ birth }}) as int) + 5 + cast(replace({{ age }}, 'grade ', '') as int), 9, 1)
        else {{ add_period(birth, as_period("case when " ~ age ~ " not like 'grade %' then " ~ age ~ " end")) }}
    end
{%- endmacro %}
