"""What Superset imports, without Superset; bi/superset/look.py asks a running one for every chart's data."""

import importlib.util
import json

import duckdb
import pytest
import yaml
from conftest import ROOT

SPECIFICATION = importlib.util.spec_from_file_location("superset_assets", ROOT / "bi" / "superset" / "assets.py")
assets = importlib.util.module_from_spec(SPECIFICATION)
SPECIFICATION.loader.exec_module(assets)


@pytest.fixture(scope="module")
def imported(demonstration) -> dict[str, dict]:
    """The files as Superset gets them, of the demonstration: its schema `published` is that of the published file."""
    return {path: yaml.safe_load(text) for path, text in assets.contents(demonstration.warehouse).items()}


def part(imported, folder) -> list[dict]:
    found = [asset for path, asset in imported.items() if path.startswith(folder)]
    assert found
    return found


def test_every_published_table_is_a_dataset_with_every_column_named_and_described(imported, demonstration):
    columns = demonstration.rows("select table_name, column_name, description from published.data_dictionary")
    datasets = {dataset["table_name"]: dataset for dataset in part(imported, "datasets/")}
    assert set(datasets) == {table for table, _, _ in columns}
    described = {
        (table, column["column_name"]): column["description"]
        for table, dataset in datasets.items()
        for column in dataset["columns"]
    }
    for table, column, description in columns:
        assert described[table, column] == description
    for table, dataset in datasets.items():
        names = [column["verbose_name"] for column in dataset["columns"]]
        assert all(names) and len(set(names)) == len(names), table
        assert all(column["description"] for column in dataset["columns"]) and dataset["description"], table


def test_a_new_column_is_named_after_itself(imported):
    dataset = {"table_name": "measures", "columns": [{"column_name": "own", "verbose_name": "Own"}]}
    tables = {"measures": ("Text.", [{"column_name": "map_category", "type": "INTEGER", "description": "Said."}])}
    assert assets.described(dataset, tables)["columns"] == [
        {"column_name": "map_category", "type": "INTEGER", "description": "Said.", "verbose_name": "Map category"},
        {"column_name": "own", "verbose_name": "Own"},
    ]


def source(dataset: dict) -> str:
    return f"({dataset['sql']})" if dataset.get("sql") else f"published.{dataset['table_name']}"


def test_antigens_and_measures_are_shown_by_name(imported, demonstration):
    [measures] = [dataset for dataset in part(imported, "datasets/") if dataset["table_name"] == "measures"]
    query = f"from {source(measures)} as measures"
    [(published,)] = demonstration.rows("select count(*) from published.measures")
    [(rows, named, unnamed)] = demonstration.rows(
        f"select count(*), count(measure_name), count(*) filter ((antigen is null) <> (antigen_name is null)) {query}"
    )
    assert (rows, named, unnamed) == (published, published, 0)
    names = dict(demonstration.rows(f"select distinct antigen, antigen_name {query}"))
    assert names["mcv4"] == "Meningococcal conjugate, quadrivalent (MCV4)" and names[None] is None


def test_every_chart_has_a_query_that_its_dataset_answers(imported, demonstration):
    """As `/api/v1/chart/<id>/data/` runs it: the columns, metrics and filters exist, and give rows."""
    datasets = {dataset["uuid"]: dataset for dataset in part(imported, "datasets/")}
    for chart in part(imported, "charts/"):
        dataset = datasets[chart["dataset_uuid"]]
        expressions = {
            column["column_name"]: column.get("expression") or f'"{column["column_name"]}"'
            for column in dataset["columns"]
        }
        metrics = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
        [query] = json.loads(chart["query_context"])["queries"]
        for column in [*query["columns"], *(by for by, _ in query["orderby"])]:
            assert column in expressions, (chart["slice_name"], column)
        wanted = [f'{expressions[column]} as "{column}"' for column in query["columns"]]
        wanted += [f"{metrics[metric]} as {metric}" for metric in query.get("metrics", [])]
        conditions = []
        for condition in query["filters"]:
            name, operator = expressions[condition["col"]], condition["op"]
            if operator == "IN":
                values = condition["val"]
            else:
                assert operator in ("==", "IS NOT NULL")
                values = [condition["val"]] if "val" in condition else []
            listed = ", ".join(f"'{value}'" for value in values)
            conditions.append(f"{name} in ({listed})" if values else f"{name} is not null")
        where = f"where {' and '.join(conditions)}" if conditions else ""
        group = "group by all" if query.get("metrics") else ""
        with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
            found = connection.execute(
                f"select {', '.join(wanted)} from {source(dataset)} as data {where} {group} limit {query['row_limit']}"
            ).fetchall()
        # By unit, the demonstration withholds nearly everything.
        assert found or chart["slice_name"].startswith("MCV4"), chart["slice_name"]


def test_the_dashboard_shows_every_chart_and_the_synthetic_mark_first(imported):
    [dashboard] = part(imported, "dashboards/")
    position = dashboard["position"]
    shown = [
        position[chart]["meta"] for row in position["GRID_ID"]["children"] for chart in position[row]["children"]
    ]
    charts = {chart["uuid"]: chart["slice_name"] for chart in part(imported, "charts/")}
    assert {chart["uuid"]: chart["sliceName"] for chart in shown} == charts
    assert shown[0]["sliceName"] == "Before reading"
    [releases] = [dataset for dataset in part(imported, "datasets/") if dataset["table_name"] == "releases"]
    [notice] = [column["expression"] for column in releases["columns"] if column["column_name"] == "notice"]
    with duckdb.connect() as connection:
        for is_synthetic, mark in ((True, "Synthetic data: no student in these numbers exists."), (False, "")):
            row = connection.execute(f"select {notice} from (select {is_synthetic} as is_synthetic)").fetchone()
            assert row == (mark,)


def test_the_database_is_the_published_file_and_nothing_else(imported, demonstration):
    [database] = part(imported, "databases/")
    assert database["sqlalchemy_uri"] == f"duckdb:///{demonstration.warehouse}"
    arguments = database["extra"]["engine_params"]["connect_args"]
    assert arguments["read_only"] and arguments["config"]["enable_external_access"] == "false"
