"""Models of a finished build run again on changed tables, with the SQL that dbt compiled and without starting dbt."""

import json
import shutil
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
from conftest import Build


class CompiledModels:
    """A private copy of a build's warehouse and the compiled models that can be run again in it."""

    def __init__(self, build: Build, folder: Path) -> None:
        folder.mkdir()
        # Compiled SQL names the catalog, which DuckDB names after the file.
        self.connection = duckdb.connect(str(shutil.copy(build.warehouse, folder / build.warehouse.name)))
        manifest = json.loads((build.warehouse.with_suffix(".target") / "manifest.json").read_text(encoding="utf-8"))
        models = {
            node["name"]: node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
            and node["config"]["materialized"] in ("table", "view")
            and node.get("compiled")
        }
        names = {node["unique_id"]: name for name, node in models.items()}
        self._parents = {
            name: {names[parent] for parent in node["depends_on"]["nodes"] if parent in names}
            for name, node in models.items()
        }
        self._order = list(TopologicalSorter(self._parents).static_order())
        self._sql = {name: node["compiled_code"] for name, node in models.items()}
        self._relations = {name: node["relation_name"] for name, node in models.items()}
        self._tables = {name for name, node in models.items() if node["config"]["materialized"] == "table"}

    def _kin(self, names: set[str], neighbours: dict[str, set[str]]) -> set[str]:
        found, waiting = set(), list(names)
        while waiting:
            for name in neighbours[waiting.pop()] - found:
                found.add(name)
                waiting.append(name)
        return found

    def between(self, changed: set[str], wanted: set[str]) -> list[str]:
        """The tables that a change of `changed` reaches on its way to `wanted`, themselves included, in order."""
        children = {name: set() for name in self._parents}
        for name, parents in self._parents.items():
            for parent in parents:
                children[parent].add(name)
        reached = self._kin(changed, children) & (self._kin(wanted, self._parents) | wanted)
        return [name for name in self._order if name in reached and name in self._tables]

    def run(self, names: list[str]) -> None:
        for name in names:
            self.connection.execute(f"create or replace table {self._relations[name]} as ({self._sql[name]})")

    @contextmanager
    def assessed_on(self, day: str):
        """Another assessment date for the models run inside."""
        table = self._relations["int_school_year"]
        before = self.connection.execute(f"select assessment_date from {table}").fetchall()[0][0]
        self.connection.execute(f"update {table} set assessment_date = date '{day}'")
        yield
        self.connection.execute(f"update {table} set assessment_date = date '{before}'")

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()
