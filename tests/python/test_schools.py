"""The tables of schema `schools` under attack, beside the totals of their public health units."""

import random

import duckdb
import pytest
from conftest import few

from immunization_coverage.release.attack_schools import NOT_WITHOUT_DTP, Rule, attack_schools

NONE_FOUND = (
    "Schools, beside the units' totals. Known: tables and rule. {:,} small quantities attacked, 0 narrowed, "
    "0 found exactly."
)


def drawn_cells(seed: int) -> list[tuple]:
    """Schools of few and of many students, with few and many up to date, in units of one to twenty schools."""
    draw = random.Random(seed)
    rows = []
    for number in range(12):
        unit, age = f"U{number:02}", draw.choice((7, 10, 17))
        antigens = {7: ("diphtheria", "tetanus", "measles"), 10: ("measles",), 17: ("diphtheria", "measles")}[age]
        size, covered = draw.choice((8, 20, 60)), draw.choice((0.7, 0.9, 0.97))
        for place in range(draw.choice((1, 2, 3, 8, 20))):
            school = f"{unit}{place:03}"
            students = max(1, int(draw.gauss(size, size / 2)))
            without = sum(draw.random() < 0.04 for _ in range(students))
            without_dose = sum(draw.random() < 0.8 for _ in range(without))
            with_dtp = students - without
            rows.append((unit, school, age, "students", 0, None, students, None))
            for antigen in antigens:
                among = students if antigen == "measles" else with_dtp
                up_to_date = sum(draw.random() < covered for _ in range(among))
                level = 1 if antigen == "measles" else 2
                rows.append((unit, school, age, f"coverage/{antigen}", level, "students", up_to_date, students))
            girls = sum(draw.random() < 0.5 for _ in range(students))
            if age == 17 and girls:
                rows.append((unit, school, age, "students/hpv", 1, "students", girls, students))
                vaccinated = sum(draw.random() < 0.6 for _ in range(girls))
                rows.append((unit, school, age, "coverage/hpv", 2, "students/hpv", vaccinated, girls))
            rows.append((unit, school, age, "without_dtp", 1, "students", without, students))
            rows.append((unit, school, age, "without_dose", 2, "without_dtp", without_dose, without))
    return rows


def warehouse_of(cells: list[tuple], rule: Rule) -> duckdb.DuckDBPyConnection:
    """A warehouse with these schools, withheld by this rule."""
    connection = duckdb.connect()
    for schema in ("intermediate", "schools", "rule"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        "create table rule.int_school_cells (phu_id varchar, school_id varchar, age int, column_name varchar, "
        "release_level int, parent_name varchar, counted bigint, base bigint)"
    )
    connection.executemany(f"insert into rule.int_school_cells values ({', '.join('?' * 8)})", cells)
    connection.execute("alter table rule.int_school_cells add column limited_by varchar")
    connection.execute(
        "update rule.int_school_cells set limited_by = 'without_dtp' where list_contains(?, column_name)",
        [list(NOT_WITHOUT_DTP)],
    )
    connection.execute("create table intermediate.int_school_cells as from rule.int_school_cells")
    connection.execute(f"create table decided as {rule.sql}")
    connection.execute(
        "create table schools.zero_dose as select school_id, age, "
        "max(counted) filter (column_name = 'students' and not is_withheld) as students, "
        "max(counted) filter (column_name = 'without_dtp' and not is_withheld) as students_without_dtp, "
        "max(counted) filter (column_name = 'without_dose' and not is_withheld) as students_without_dose "
        "from decided group by all"
    )
    connection.execute(
        "create table schools.coverage as select covered.school_id, covered.age, "
        "split_part(covered.column_name, '/', 2) as antigen, "
        "case when not bases.is_withheld then bases.counted end as students, "
        "case when not covered.is_withheld then covered.counted end as students_up_to_date from decided as covered "
        "inner join decided as bases on covered.school_id = bases.school_id and covered.age = bases.age "
        "and covered.parent_name = bases.column_name where covered.column_name like 'coverage/%'"
    )
    return connection


@pytest.mark.parametrize(("seed", "suppress_below"), few([(0, 6), (2, 11), (1, 6), (3, 4)], 2))
def test_schools_are_safe_from_who_knows_the_totals_and_the_rule(seed, suppress_below):
    rule = Rule(suppress_below)
    with warehouse_of(drawn_cells(seed), rule) as connection:
        result = attack_schools(connection, rule)
        [(shown, withheld)] = connection.execute(
            "select count(*) filter (not is_withheld), count(*) filter (is_withheld) from decided"
        ).fetchall()
    assert result.attacked > 50 and result.is_safe and [str(finding) for finding in result.findings] == []
    assert result.lines() == [NONE_FOUND.format(result.attacked)]
    assert shown > 50 and withheld > 50


def test_the_schools_of_the_demonstration_are_safe(demonstration):
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        result = attack_schools(connection, Rule(6))
    assert result.attacked > 1000 and result.lines() == [NONE_FOUND.format(result.attacked)]


LEAKS = {
    "nothing hides the small ones": ("when kind = 'large' and place <= last_place then 'complementary'", ""),
    "what depends on a withheld count is shown": ("when is_linked then 'linked'", ""),
    "where nothing can hide them only the small ones are withheld": (
        "when last_place is null and coalesce(base, 1) > 0 then 'all_schools'", ""
    ),
    "the sum leaves the small ones less room": (">= suppress_below", ">= 1"),
}


@pytest.mark.parametrize("leak", few(LEAKS, 2))
def test_the_attack_finds_a_leak_of_each_kind_in_schools(leak, monkeypatch):
    monkeypatch.setattr("immunization_coverage.release.attack_schools.ROUNDS", 8)
    rule = Rule(6)
    before, after = LEAKS[leak]
    assert before in rule.sql
    rule.sql = rule.sql.replace(before, after)
    with warehouse_of(drawn_cells(0), rule) as connection:
        result = attack_schools(connection, rule)
    assert len(result.findings) > 0 and not result.is_safe


def test_a_small_count_of_a_school_that_is_shown_is_found(monkeypatch):
    monkeypatch.setattr("immunization_coverage.release.attack_schools.ROUNDS", 1)
    rule = Rule(6)
    with warehouse_of(drawn_cells(0), rule) as connection:
        connection.execute(
            "update schools.zero_dose set students = counted from rule.int_school_cells as cells "
            "where cells.school_id = zero_dose.school_id and column_name = 'students' and students is null"
        )
        result = attack_schools(connection, rule)
    assert {finding.values for finding in result.findings if finding.name == "students: count"} >= {0}
    assert result.unexplained, "The tables are not those that the rule makes."


def test_a_number_of_a_school_that_the_counts_do_not_have_stops_the_attack():
    rule = Rule(6)
    with warehouse_of(drawn_cells(0), rule) as connection:
        connection.execute("update schools.coverage set students_up_to_date = students_up_to_date + 1")
        with pytest.raises(ValueError, match="differs from the count it is made of"):
            attack_schools(connection, rule)
