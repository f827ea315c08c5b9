"""What scripts/run_unit_tests.py spares: a unit test's SQL is the same."""

import pytest
import sqlparse
from dbt.compilation import inject_ctes_into_sql
from dbt.contracts.graph.nodes import InjectedCTE
from run_unit_tests import grouped_only_if_needed

GIVEN = [InjectedCTE("a", "__dbt__cte__doses as (select 1 as student_key)"), InjectedCTE("b", "b as (select 2)")]
SQL = {
    "a model": "with doses as (\n    select * from __dbt__cte__doses\n)\n\nselect * from doses\n",
    "comments first": "\n-- of a model\n/* with x as */\nwith doses as (select * from d) select * from doses",
    "no with": "select * from __dbt__cte__doses where antigen = 'measles'",
    "a with within": "select * from (with x as (select 1) select * from x) as y",
    "recursive": "with recursive r as (select 1 union all select 2) select * from r",
    "two statements": "with a as (select 1) select * from a; select 2",
    "empty": "",
}  # fmt: skip


@pytest.mark.parametrize("sql", SQL.values(), ids=SQL)
def test_the_rows_given_to_a_unit_test_go_where_dbt_puts_them(sql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = injected(sql)
    monkeypatch.setattr(sqlparse, "parse", grouped_only_if_needed(sqlparse.parse))

    assert injected(sql) == expected


def test_sql_that_begins_with_with_is_not_grouped() -> None:
    def grouped(sql: str) -> None:
        raise AssertionError(sql)

    (statement,) = grouped_only_if_needed(grouped)(SQL["comments first"])

    assert str(statement) == SQL["comments first"]


def injected(sql: str) -> str | type[Exception]:
    try:
        return inject_ctes_into_sql(sql, GIVEN)
    except Exception as error:
        return type(error)
