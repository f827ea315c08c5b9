"""Random marts that agree with each other, as the input of a release: sizes and shares from the awkward ends."""

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
