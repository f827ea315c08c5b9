#!/usr/bin/env python3
"""
`dbt test` for unit tests, in half the processor time; arguments are those of `dbt test`, by default all unit tests.

A test's given rows go after the first `with` of the model. To find it, dbt has sqlparse group all of the model's SQL,
which costs more than to run the test; here the tokens are enough where the SQL begins with `with`.
"""

import sys
from collections.abc import Callable

import sqlparse
from dbt.cli.main import dbtRunner
from sqlparse.engine import FilterStack

from immunization_coverage.build.dbt_events import make_few
from immunization_coverage.build.dbt_process import status

Statements = tuple[sqlparse.sql.Statement, ...]


def grouped_only_if_needed(parse: Callable[[str], Statements]) -> Callable[[str], Statements]:
    def parsed(sql: str) -> Statements:
        statements = tuple(FilterStack().run(sql))
        first = statements[0].token_first(skip_cm=True) if len(statements) == 1 else None
        begins_with_with = first is not None and first.is_keyword and first.normalized == "WITH"
        return statements if begins_with_with else parse(sql)

    return parsed


def main(arguments: list[str]) -> int:
    make_few()
    sqlparse.parse = grouped_only_if_needed(sqlparse.parse)
    return status(dbtRunner().invoke(["test", *(arguments or ["--select", "test_type:unit"])]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
