{#-
    Checks the columns of a table in one test, because a dbt node costs more than the query of most checks. Each result row is a failed
    check with the condition of the rows concerned; the test counts these rows, or keys that occur more than once.
    For each check: the columns it is about, the end of a sentence that says what is wrong, the condition of the rows that are meant, and
    from what they are counted.

    never_null          columns that always have a value, with commas between (each item of a list would be a template for dbt)
    unique              a key, columns with commas between, or a list of keys; a key of one column counts where that has a value. A key
                        may be a list of expressions, or {columns, where}
    values              the values of a column that has one
    parents             the table in which a column's value stands, [table, column] where that has another name
    periods             columns with a number of days, months or years, with commas between; periods_or_grades, or a grade
    conditions          what every row satisfies; null does not count as satisfied
    one_a_year          keys, as in `unique`, of rule tables: no school year for which two rows of a key hold
    phus_add_up         counts by columns, {by, counts}, with commas between: those of the public health units add up to the province's
-#}
{% test table_is_sound(
    model, never_null='', unique='', values={}, parents={}, periods='', periods_or_grades='', conditions=[], one_a_year=[], phus_add_up={}
) %}
{{- config(fail_calc='cast(coalesce(sum(rows_found), 0) as bigint)') }}
{%- set checks = [] -%}
{%- for column in never_null.split(', ') if column -%}
    {%- do checks.append({'columns': [column], 'problem': 'is empty', 'holds_where': adapter.quote(column) ~ ' is null'}) -%}
{%- endfor -%}
{%- for column, known in values.items() -%}
    {%- set literals = [] -%}
    {%- for value in known -%}
        {%- do literals.append(dbt.string_literal(value) if value is string else value | string) -%}
    {%- endfor -%}
    {%- do checks.append({
        'columns': [column],
        'problem': 'is not one of ' ~ known | join(', '),
        'holds_where': adapter.quote(column) ~ ' not in (' ~ literals | join(', ') ~ ')'
    }) -%}
{%- endfor -%}
{%- for column, parent in parents.items() -%}
    {%- set has_own_name = parent.identifier is undefined -%}
    {%- set table = parent[0] if has_own_name else parent -%}
    {%- set field = parent[1] if has_own_name else column -%}
    {%- do checks.append({
        'columns': [column],
        'problem': 'is not in ' ~ field ~ ' of ' ~ table.identifier ~ ('.csv' if table.schema in ['annex', 'practice', 'quality'] else ''),
        'holds_where': adapter.quote(column) ~ ' not in (select ' ~ field ~ ' from ' ~ table ~ ' where ' ~ field ~ ' is not null)'
    }) -%}
{%- endfor -%}
{%- for column in periods.split(', ') + periods_or_grades.split(', ') if column -%}
    {%- set has_grades = column in periods_or_grades.split(', ') -%}
    {%- set number, unit = "split_part(" ~ column ~ ", ' ', 1)", "split_part(" ~ column ~ ", ' ', 2)" -%}
    {#- Nothing is cast: what is no period has to be found, not to end the query. -#}
    {%- set is_no_period = "(" ~ column ~ " <> concat(" ~ number ~ ", ' ', " ~ unit ~ ")"
        ~ " or " ~ unit ~ " not in ('day', 'days', 'month', 'months', 'year', 'years')"
        ~ " or " ~ number ~ " = '' or translate(" ~ number ~ ", '0123456789', '') <> '' or " ~ number ~ " like '0_%')" -%}
    {%- set is_no_grade = "not (" ~ column ~ " = concat('grade ', " ~ unit ~ ") and " ~ unit ~ " <> ''"
        ~ " and translate(" ~ unit ~ ", '0123456789', '') = '')" -%}
    {%- do checks.append({
        'columns': [column],
        'problem': 'is not a number of days, months or years, such as 28 days'
            ~ (', and no grade, such as grade 7' if has_grades else ''),
        'holds_where': is_no_grade ~ ' and ' ~ is_no_period if has_grades else is_no_period
    }) -%}
{%- endfor -%}
{%- for condition in conditions -%}
    {%- do checks.append({
        'columns': [],
        'problem': 'violates the condition: ' ~ condition | trim,
        'holds_where': 'not coalesce(' ~ condition ~ ', false)'
    }) -%}
{%- endfor -%}
{%- for check in checks -%}
    {%- do check.update({'found_in': model ~ ' where ' ~ check.holds_where}) -%}
{%- endfor -%}

{%- for key in ([unique] if unique is string else unique) if key -%}
    {%- set named = (key.columns or key) if key is not string else key.split(', ') -%}
    {%- set columns = [] -%}
    {%- for column in named -%}
        {%- do columns.append(adapter.quote(column) if modules.re.fullmatch('[a-z_0-9]+', column) else column) -%}
    {%- endfor -%}
    {%- set where = key.where or (columns[0] ~ ' is not null' if named | length == 1) -%}
    {%- set repeated = model ~ (' where ' ~ where if where else '') ~ ' group by ' ~ columns | join(', ') ~ ' having count(*) > 1' -%}
    {%- do checks.append(check_of_keys(named, columns, 'occurs more than once', repeated)) -%}
{%- endfor -%}
{%- for key in one_a_year -%}
    {%- set overlapping -%}
        (
            select
                {{ key }},
                coalesce(school_year_from, 0) as year_from,
                lag(coalesce(school_year_before, 9999)) over (
                    partition by {{ key }} order by coalesce(school_year_from, 0)
                ) as previous_year_before
            from {{ model }}
        ) as ordered where year_from < previous_year_before
    {%- endset -%}
    {%- do checks.append(check_of_keys(
        key.split(', '), key.split(', '),
        'has two rows for the same school year: school_year_before of one is after school_year_from of the other', overlapping
    )) -%}
{%- endfor -%}
{%- if phus_add_up -%}
    {%- set differences = [] -%}
    {%- for count in phus_add_up.counts.split(', ') -%}
        {%- do differences.append(
            "sum(case geography when 'province' then " ~ count ~ " else 0 end) <> sum(case geography when 'phu' then " ~ count ~ " else 0 end)"
        ) -%}
    {%- endfor -%}
    {%- set different = model ~ ' group by ' ~ phus_add_up.by ~ ' having ' ~ differences | join(' or ') -%}
    {%- set by = phus_add_up.by.split(', ') -%}
    {%- do checks.append(check_of_keys(
        by, by, 'has units that do not add up to the province in ' ~ phus_add_up.counts.replace(', ', ' or '), different
    )) -%}
{%- endif -%}
{%- for check in checks %}
select
    {{ dbt.string_literal(dbt.escape_single_quotes(check.columns | join(', '))) }} as column_name,
    {{ dbt.string_literal(dbt.escape_single_quotes(check.problem)) }} as problem,
    {{ dbt.string_literal(dbt.escape_single_quotes(check.holds_where)) }} as rows_where,
    count(*) as rows_found
from {{ check.found_in }}
having count(*) > 0
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endtest %}
