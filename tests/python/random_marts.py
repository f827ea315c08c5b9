"""Random marts that agree with each other, as the input of a release: sizes and shares from the awkward ends."""

from collections.abc import Callable

import duckdb
import numpy as np


def literals(rows: list[tuple]) -> str:
    """Rows as SQL: a few thousand at once are read much faster than one by one."""

    def literal(value: object) -> str:
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        return "null" if value is None else repr(value)

    return ", ".join(f"({', '.join(literal(value) for value in row)})" for row in rows)


def write_marts(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Replaces marts.coverage and its neighbours, for the ages, antigens and units of int_geographies_by_antigen."""
    random = np.random.default_rng(seed)
    frame = connection.execute(
        "select distinct age, antigen, gender, is_exemption_applicable, has_series_uptake, is_in_all_ispa_coverage "
        "from intermediate.int_geographies_by_antigen order by all"
    ).fetchall()
    units = connection.execute(
        "select distinct phu_id, phu_name from intermediate.int_geographies_by_antigen where phu_id is not null "
        "order by all"
    ).fetchall()
    tables: dict[str, list[tuple]] = {
        name: [] for name in ("coverage", "coverage_all_ispa", "series_uptake", "exemptions", "exemptions_any_ispa")
    }
    assigned = []
    scale = random.choice([8, 40, 200, 1000])
    for age in sorted({row[0] for row in frame}):
        antigens = [row for row in frame if row[0] == age]
        sizes = (scale * random.lognormal(0, random.choice([0.2, 1.2]), len(units))).astype(int)
        sizes[random.random(len(units)) < random.choice([0, 0.1, 0.9])] = random.choice([0, 3])
        people = int(sizes.sum())
        unit_of = np.repeat(np.arange(len(units)), sizes)
        shares = random.choice([[0.5, 0.5, 0], [0.499, 0.499, 0.002], [0.4, 0.4, 0.2]])
        gender = random.choice(["F", "M", "X"], people, p=shares)
        care = random.random(people)
        up_to_date = {}
        for _, antigen, _, _, _, _ in antigens:
            share = random.choice([0, 0.02, 0.5, 0.8, 0.9, 0.97, 0.995, 1])
            own = random.random(people)
            up_to_date[antigen] = (random.choice([0, 0.5, 1]) * care + own) / 2 < share * random.choice([0.6, 1])
        refuses = random.random(people) < random.choice([0.001, 0.01, 0.05, 0.5])
        keeps = random.choice([0.05, 0.9, 1])
        ill = random.random(people) < random.choice([0, 0.002, 0.01])

        def sums(values: np.ndarray, of: np.ndarray, unit_of: np.ndarray = unit_of) -> np.ndarray:
            by_unit = np.bincount(unit_of[of], weights=values[of].astype(float), minlength=len(units)).astype(int)
            return np.append(by_unit, by_unit.sum())

        def add(
            table: str, key: tuple, of: np.ndarray, *columns: np.ndarray, age: int = age, sums=sums
        ) -> None:
            totals = [sums(np.ones_like(of), of), *(sums(column, of) for column in columns)]
            for i, (phu_id, phu_name) in enumerate([*units, (None, None)]):
                geography = "province" if phu_id is None else "phu"
                tables[table].append((geography, phu_id, phu_name, age, *key, *(int(total[i]) for total in totals)))

        everybody = np.ones(people, dtype=bool)
        exempt = {"medical": np.zeros(people, dtype=bool), "nonmedical": np.zeros(people, dtype=bool)}
        for _, antigen, only_gender, is_exemption_applicable, has_series_uptake, _ in antigens:
            of = everybody if only_gender is None else gender == only_gender
            add("coverage", (antigen,), of, up_to_date[antigen])
            if has_series_uptake:
                initiated = up_to_date[antigen] | (random.random(people) < random.choice([0.01, 0.3]))
                unimmunized = ~initiated & (random.random(people) < random.choice([0.5, 0.99, 1]))
                for name in ("all", "F", "M") if only_gender is None else ("all", only_gender):
                    of_gender = of if name == "all" else of & (gender == name)
                    add("series_uptake", (antigen, name), of_gender, initiated, up_to_date[antigen], unimmunized)
            if is_exemption_applicable:
                medical = ill & (random.random(people) < keeps)
                nonmedical = refuses & (random.random(people) < keeps)
                add("exemptions", (antigen,), everybody, medical, nonmedical)
                exempt["medical"] |= medical
                exempt["nonmedical"] |= nonmedical
        if in_all_ispa := [antigen for _, antigen, *_, is_in in antigens if is_in]:
            for_all = np.logical_and.reduce([up_to_date[antigen] for antigen in in_all_ispa])
            add("coverage_all_ispa", (), everybody, for_all)
            add("exemptions_any_ispa", (), everybody, exempt["medical"], exempt["nonmedical"])
        shares = random.choice([[0.9, 0.06, 0.02, 0.01, 0.01], [1, 0, 0, 0, 0], [0.98, 0.02, 0, 0, 0]])
        decisions = random.multinomial(people, shares)
        names = ("single_record", "attended_june_30", "age_appropriate_school", "longest_attendance", "tie_break")
        assigned += [(age, "decision", name, int(n), 100 * int(n) / people if people else None)
                     for name, n in zip(names, decisions, strict=True)]

    key = "geography varchar, phu_id varchar, phu_name varchar, age int"
    columns = {
        "coverage": "antigen varchar, students bigint, students_up_to_date bigint",
        "coverage_all_ispa": "students bigint, students_up_to_date bigint",
        "series_uptake": "antigen varchar, gender varchar, students bigint, students_initiated bigint, "
        "students_completed bigint, students_unimmunized bigint",
        "exemptions": "antigen varchar, students bigint, students_medical bigint, students_nonmedical bigint",
        "exemptions_any_ispa": "students bigint, students_medical bigint, students_nonmedical bigint",
    }
    connection.execute("begin")
    for table, rows in tables.items():
        connection.execute(f"create or replace table marts.{table} ({key}, {columns[table]})")
        connection.execute(f"insert into marts.{table} values {literals(rows)}")
        connection.execute(f"alter table marts.{table} add column school_year varchar default '2018-19'")
    connection.execute("alter table marts.coverage add column goal_percent double")
    connection.execute("alter table marts.coverage add column map_category int")
    connection.execute(
        "create or replace table marts.school_assignment "
        "(age int, kind varchar, name varchar, students bigint, percent double)"
    )
    connection.execute(f"insert into marts.school_assignment values {literals(assigned)}")
    connection.execute("alter table marts.school_assignment add column school_year varchar default '2018-19'")
    connection.execute("commit")


def write_indicators(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Random counts, with their percents, in the province's rows of the marts beyond coverage and in the findings."""
    random = np.random.default_rng(seed)
    ages = [7, 12, 17, *(age for age in range(8, 17) if age != 12)]
    size = dict(zip(ages, (int(n) for n in random.choice([0, 12, 19, 20, 45, 3000], len(ages))), strict=True))

    def part(of: int) -> int:
        """Of so many, some: often none, all, or all but a few."""
        return int(random.choice([0, of, max(of - 1, 0), round(of * 0.9996), random.integers(0, of + 1)]))

    def percent(count: int, of: int) -> float | None:
        return 100 * count / of if of else None

    def rewrite(table: str, key: list[str], new: Callable[..., dict], where: str = "geography = 'province'") -> None:
        query = f"select rowid, {', '.join(key)} from marts.{table} where {where} order by all"
        found = connection.execute(query).fetchall()
        columns = [(row[0], *new(*row[1:]).items()) for row in found]
        names = [name for name, _ in columns[0][1:]]
        values = literals([(row[0], *(value for _, value in row[1:])) for row in columns])
        sets = ", ".join(f"{name} = new.{name}" for name in names)
        connection.execute(
            f"update marts.{table} set {sets} from (values {values}) as new(row_id, {', '.join(names)}) "
            f"where {table}.rowid = new.row_id"
        )

    statuses: dict[tuple, list[int]] = {}

    def reasons(age: int, antigen: str, students: int | None) -> dict:
        if students is None:
            return {"students": None}
        if (age, antigen) not in statuses:
            shares = random.choice([[1] + [0] * 9, [0.999] + [0.001 / 9] * 9, [0.1] * 10])
            statuses[age, antigen] = list(random.permutation(random.multinomial(size[age], shares)))
        counts = statuses[age, antigen]
        return {"students": int(counts.pop()) if counts else 0}

    def doses(age: int, dropout: float | None) -> dict:
        of = size[age]
        recorded, eligible = part(of), part(of)
        valid, dropped = part(recorded), part(eligible)
        known = dropout is not None and eligible
        return {
            "students": of, "students_recorded": recorded, "students_valid": valid,
            "crude_percent": percent(recorded, of), "valid_percent": percent(valid, of),
            "students_eligible": eligible, "students_dropped_out": dropped if known else None,
            "dropout_percent": percent(dropped, eligible) if known else None,
        }  # fmt: skip

    def timeliness(age: int) -> dict:
        of = part(size[age])
        by_age = part(of)
        early = part(by_age)
        return {
            "students": of, "students_early": early, "students_timely": by_age - early,
            "timely_percent": percent(by_age - early, of), "by_recommended_age_percent": percent(by_age, of),
        }  # fmt: skip

    def within_reach(age: int) -> dict:
        of = size[age]
        without = part(of)
        reached = part(without)
        return {
            "students": of, "students_up_to_date": reached, "coverage_percent": percent(reached, of),
            "students_up_to_date_without_missed": without, "coverage_without_missed_percent": percent(without, of),
        }  # fmt: skip

    def missed(age: int) -> dict:
        visits = part(size[age])
        missed = part(visits)
        uncorrected = part(missed)
        return {
            "students_with_eligible_visit": visits, "students_missed": missed, "students_uncorrected": uncorrected,
            "students_missed_percent": percent(missed, visits), "uncorrected_percent": percent(uncorrected, visits),
        }  # fmt: skip

    def checked(check: str) -> dict:
        checks.setdefault(check.split("_")[0], int(random.choice([0, 3, 150, 60000])))
        rows = checks[check.split("_")[0]]
        return {"rows_checked": rows, "rows_failed": min(int(random.choice([0, 1, rows // 7])), rows // 4)}

    checks: dict[str, int] = {}
    connection.execute("begin")
    rewrite("not_up_to_date_reasons", ["age", "antigen", "students"], reasons)
    rewrite("exemptions_by_status", ["age"], lambda age: {"students": part(part(size[age]))})
    rewrite("dose_coverage", ["age", "dropout_percent"], doses)
    rewrite("timeliness", ["age"], timeliness)
    rewrite("coverage_within_reach", ["age"], within_reach)
    rewrite("missed_visits", ["age"], missed)
    rewrite("reporting", ["age"], lambda age: {"doses": part(size[age])})
    rewrite("data_quality", ['"check"'], checked, where="true")
    connection.execute("commit")
