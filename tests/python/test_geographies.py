"""A level of geography beside the province and the public health units: rows of seeds/practice/geography_groups.csv."""

import shutil

import duckdb
from conftest import long, run_dbt

from immunization_coverage.release.attack import true_counts
from immunization_coverage.report.warehouse import Warehouse

TABLES = {
    "coverage": ("age, antigen", "students", "students_up_to_date"),
    "series_uptake": ("age, antigen, gender", "students", "students_initiated", "students_completed"),
    "exemptions_any_ispa": ("age", "students", "students_medical", "students_nonmedical"),
    "not_up_to_date_reasons": ("age, antigen, status, refusal_reason", "students"),
    "invalid_doses": ("age, antigen, year_given, reason", "doses", "doses_refused"),
    "reporting": ("age, channel, is_of_school_year, delay", "doses"),
}


@long
def test_regions_have_rows_beside_province_and_units_and_add_up(demonstration, project_copy, tmp_path):
    units = demonstration.rows("select distinct phu_id from marts.coverage where geography = 'phu' order by 1")
    north = [unit for (unit,) in units[:9]]
    rows = [f"region,{'north,North' if unit in north else 'south,South'},{unit}\n" for (unit,) in units]
    seed = project_copy / "seeds" / "practice" / "geography_groups.csv"
    seed.write_text(seed.read_text(encoding="utf-8") + "".join(rows), encoding="utf-8")
    warehouse = shutil.copy(demonstration.warehouse, tmp_path / "demonstration.duckdb")
    build = run_dbt(
        "build", "--select", "geography_groups", "int_geography_units+", "--exclude", "build_measures+",
        "--exclude-resource-type", "test", "unit_test", warehouse=warehouse, project=project_copy,
    )  # fmt: skip
    assert build.returncode == 0, build.output
    for table, (key, *counts) in TABLES.items():
        sums = ", ".join(f"sum({count})" for count in counts)
        added_up = f"select {key}, {sums} from marts.{table} where {{}} group by {key} order by all"
        of_north = build.rows(added_up.format("phu_id = 'north'"))
        assert of_north == build.rows(added_up.format(f"phu_id in ({str(north)[1:-1]})")), table
        of_regions = build.rows(added_up.format("geography = 'region'"))
        assert of_regions == demonstration.rows(added_up.format("geography = 'province'")), table
        as_before = f"select * exclude (build_id) from marts.{table} where geography <> 'region' order by all"
        assert build.rows(as_before) == demonstration.rows(as_before), table
    # A release and its attack, the report and the explorer have no regions, and nothing else of them changes.
    released = "select * exclude (build_id) from published.measures order by all"
    assert build.rows(released) == demonstration.rows(released)
    assert counts_of(build.warehouse) == counts_of(demonstration.warehouse)
    shown, before = Warehouse(build.warehouse), Warehouse(demonstration.warehouse)
    assert shown.phus == before.phus
    assert [(row["phu_id"], row["students"]) for row in shown.coverage] == [
        (row["phu_id"], row["students"]) for row in before.coverage
    ]


def counts_of(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return sorted(map(repr, true_counts(connection, 6).measures))
