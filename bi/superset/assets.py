"""The assets as Superset imports them: the files of assets/, completed from the published file and the charts.

A dataset's columns get type and description from the data dictionary, a chart the query that `/api/v1/chart/<id>/data/`
answers with (alerts and reports ask for it), and the database its place.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import yaml

FOLDER = Path(__file__).resolve().parent / "assets"
PLACEHOLDER = "PUBLISHED_FILE"
# Superset imports its dashboard exports as new; imported as assets, they replace what it has.
METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}


def dictionary(published: Path) -> dict[str, tuple[str, list[dict]]]:
    """By published table, its description and its columns in Superset's format."""
    found: dict[str, tuple[str, list[dict]]] = {}
    with duckdb.connect(str(published), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, table_description, column_name, data_type, description from published.data_dictionary "
            "order by table_name, column_position"
        ).fetchall()
    for table, table_description, name, data_type, description in rows:
        _, columns = found.setdefault(table, (" ".join(table_description.split()), []))
        columns.append({"column_name": name, "type": data_type.upper(), "description": description})
    return found


def described(dataset: dict, tables: dict[str, tuple[str, list[dict]]]) -> dict:
    """A dataset with every column of its table, and those of its own; a column without a name is named after itself."""
    description, columns = tables[dataset["table_name"]]
    own = {column["column_name"]: column for column in dataset["columns"]}
    filled = [own.pop(column["column_name"], {}) | column for column in columns]
    for column in filled:
        column["verbose_name"] = column.get("verbose_name") or column["column_name"].replace("_", " ").capitalize()
    return dataset | {"description": description, "columns": [*filled, *own.values()]}


def query_filter(condition: dict) -> dict:
    """A chart's simple filter in the form of a query."""
    said = {"col": condition["subject"], "op": condition["operator"]}
    return said if condition["comparator"] is None else said | {"val": condition["comparator"]}


def query_context(params: dict) -> dict:
    """The query of a chart from its settings: rows, or metrics by the columns that the chart groups by."""
    query = {
        "filters": [query_filter(condition) for condition in params["adhoc_filters"]],
        "row_limit": params["row_limit"],
        "extras": {},
        "applied_time_extras": {},
        "annotation_layers": [],
        "is_timeseries": False,
    }
    if params.get("query_mode") == "raw":
        query |= {"columns": params["all_columns"], "orderby": [json.loads(by) for by in params["order_by_cols"]]}
    else:
        axis = [params["x_axis"]] if "x_axis" in params else []
        columns = [*axis, *params.get("groupby", []), *params.get("groupbyRows", []), *params.get("groupbyColumns", [])]
        query |= {
            "columns": columns,
            "metrics": params["metrics"],
            "orderby": [[column, True] for column in columns],
        }
    # Superset replaces 0 by the dataset's id.
    return {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": [query],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }


def contents(published: Path) -> dict[str, str]:
    """Path and text of every file that Superset imports."""
    tables = dictionary(published)
    found = {"metadata.yaml": yaml.safe_dump(METADATA)}
    for path in sorted(FOLDER.glob("*/**/*.yaml")):
        text = path.read_text(encoding="utf-8").replace(PLACEHOLDER, str(published))
        asset = yaml.safe_load(text)
        if "table_name" in asset:
            asset = described(asset, tables)
        elif "viz_type" in asset:
            asset["query_context"] = json.dumps(query_context(asset["params"]))
        found[path.relative_to(FOLDER).as_posix()] = yaml.safe_dump(asset, sort_keys=False, allow_unicode=True)
    return found


def main(published: Path) -> None:
    """Imports the assets, in place of Superset's own copies. It needs SUPERSET_HOME and SUPERSET_CONFIG_PATH."""
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        with override_user(security_manager.find_user("admin")):
            ImportAssetsCommand(contents(published)).run()


if __name__ == "__main__":
    import sys

    main(Path(sys.argv[1]))
