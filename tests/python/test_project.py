"""What the project promises of itself: every rule tested, every column described, every public table under contract."""

import csv
import json
import os
import re
from pathlib import Path

import draw_architecture
import pytest
import yaml
from conftest import ROOT, SHARED

READER_SCHEMAS = tuple(yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["reader_schemas"])
# The annex may not be copied into the repository: docs/annex.md says where it is published.
ANNEX = Path(os.environ.get("ANNEX_TEXT") or SHARED / "seeds" / "002_4446e6e98ff11339.txt")
beside_the_annex = pytest.mark.skipif(
    not ANNEX.exists(),
    reason="no sentence was compared with the annex: its text is neither in ../shared/seeds nor where ANNEX_TEXT says",
)


@pytest.fixture(scope="module")
def manifest(demonstration):
    return json.loads((demonstration.warehouse.with_suffix(".target") / "manifest.json").read_text(encoding="utf-8"))


def seed(name):
    with (ROOT / "seeds" / "annex" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def holds_in(row, school_year):
    return int(row["school_year_from"] or 0) <= school_year < int(row["school_year_before"] or 9999)


def rows_without_a_unit_test(rows, unit_tests):
    """A rule is tested in a year for which its row holds: another year's row of the same rule is another definition."""
    tested = {
        (test["config"]["meta"].get("rule_id"), year["first_year"])
        for test in unit_tests
        for given in test["given"] if given["input"] == "ref('int_school_year')"
        for year in given["rows"] if "first_year" in year
    }
    return [
        row for row in rows
        if not any(rule_id == row["rule_id"] and holds_in(row, school_year) for rule_id, school_year in tested)
    ]


def test_what_dbt_parses_does_not_depend_on_vars():
    """Tests hand one manifest to builds with other vars (warm_dbt)."""
    files = [ROOT / "dbt_project.yml"]
    files += [file for name in ("models", "seeds", "tests", "analyses") for file in (ROOT / name).rglob("*.yml")]
    assert not [file for file in files if re.search(r"\bvar\(", file.read_text(encoding="utf-8"))]
    queries = [file for name in ("models", "tests", "analyses") for file in (ROOT / name).rglob("*.sql")]
    assert not [file for file in queries if re.search(r"\bconfig\([^)]*\bvar\(", file.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("table", ["dose_rules", "up_to_date_rules"])
def test_every_rule_has_a_unit_test(manifest, table):
    assert not rows_without_a_unit_test(seed(table), manifest["unit_tests"].values())


def test_a_rule_that_changes_in_a_later_year_needs_a_unit_test_of_that_year(manifest):
    unit_tests = list(manifest["unit_tests"].values())
    row = seed("dose_rules")[0]
    rows = [row | {"school_year_before": "2019"}, row | {"school_year_from": "2019", "school_year_before": ""}]
    assert rows_without_a_unit_test(rows, unit_tests) == rows[1:]
    of_2019 = {
        "config": {"meta": {"rule_id": row["rule_id"]}},
        "given": [{"input": "ref('int_school_year')", "rows": [{"first_year": 2019}]}],
    }
    assert not rows_without_a_unit_test(rows, [*unit_tests, of_2019])


def test_unit_tests_of_withholding_name_their_threshold(manifest):
    """As a package, or with a threshold of one's own, the project's vars are others."""
    withholding = {
        node["name"] for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "suppress_below()" in node["raw_code"]
    }
    tests = [test for test in manifest["unit_tests"].values() if test["model"] in withholding]
    assert tests
    assert not [test["name"] for test in tests if "suppress_below" not in (test["overrides"] or {}).get("vars", {})]


def test_every_unit_test_is_a_described_sentence(manifest):
    for test in manifest["unit_tests"].values():
        assert test["description"], test["name"]
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", test["name"]), test["name"]


def test_every_model_seed_macro_and_column_is_described(manifest):
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")]
    undescribed = [n["name"] for n in nodes if not n["description"]]
    undescribed += [f"{n['name']}.{c['name']}" for n in nodes for c in n["columns"].values() if not c["description"]]
    macros = [m for m in manifest["macros"].values() if m["package_name"] == "immunization_coverage"]
    public = [m for m in macros if not re.match(r"(test|duckdb|spark|default)_", m["name"])]
    undescribed += [m["name"] for m in public if not m["description"]]
    assert not undescribed


def test_every_built_column_is_documented(demonstration, manifest):
    documented = {
        (n["schema"], n["alias"], column)
        for n in manifest["nodes"].values() if n["resource_type"] in ("model", "seed")
        for column in n["columns"]
    }
    built = demonstration.rows(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_catalog = current_database()"
    )
    assert not set(built) - documented


def test_every_table_and_column_that_readers_read_has_its_comment_in_the_warehouse(demonstration):
    readers = f"database_name = current_database() and not internal and schema_name in {READER_SCHEMAS}"
    columns = demonstration.rows(
        f"select schema_name, table_name, column_name, comment from duckdb_columns() where {readers}"
    )
    tables = demonstration.rows(
        f"select schema_name, table_name, comment from duckdb_tables() where {readers} union all "
        f"select schema_name, view_name, comment from duckdb_views() where {readers}"
    )
    assert len(columns) >= 830
    assert not [column for column in columns + tables if not column[-1]]


def test_every_table_that_readers_read_is_under_contract(manifest):
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    public = [n for n in models if n["schema"] in ("assessment", "marts", "published", "schools")]
    assert len(public) >= 19
    assert not [n["name"] for n in public if not n["config"]["contract"]["enforced"]]


def queries_of(manifest, schemas):
    """The queries that the descriptions of tables show."""
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["schema"] in schemas:
            yield node["name"], re.findall(r"```sql\n(.*?)```", node["description"], re.DOTALL)


def test_every_table_that_readers_read_says_what_it_answers_and_shows_a_query_that_runs(demonstration, manifest):
    silent = []
    for name, queries in queries_of(manifest, ("assessment", "marts", "published", "schools")):
        assert queries, name
        # The demonstration has no verdict of Panorama's to compare, and one school year.
        if not all(map(demonstration.rows, queries)) and name not in ("verdicts_compared", "coverage_change"):
            silent.append(name)
        assert "Answers: " in manifest["nodes"][f"model.immunization_coverage.{name}"]["description"], name
    assert not silent


def test_the_catalogue_opens_with_the_table_for_each_question(manifest):
    overview = manifest["docs"]["doc.immunization_coverage.__overview__"]["block_contents"]
    linked = dict(re.findall(r"\[`([a-z_.]+)`\]\(#!/model/([a-z_.]+)\)", overview))
    tables = {
        f"{node['schema']}.{node['alias']}": unique_id
        for unique_id, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    assert linked.items() <= tables.items()
    assert {table for table in tables if table.startswith(("marts.", "schools."))} <= set(linked)


def test_what_people_look_at_is_in_the_lineage(manifest):
    exposed = {parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]}
    read = {
        node["unique_id"] for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "published", "schools")
    }
    assert read <= exposed


def test_seeds_name_types_that_both_engines_know(manifest):
    seeds = [n for n in manifest["nodes"].values() if n["resource_type"] == "seed"]
    types = {kind for seed in seeds for kind in seed["config"]["column_types"].values()}
    assert types <= {"string", "integer", "bigint", "double", "boolean", "date"}


# Marts that intermediate models read: those that remember earlier builds, and the view whose findings are counted.
READ_BY_INTERMEDIATE = {"builds", "build_measures", "data_quality_findings"}


def test_models_read_their_own_layer_and_those_before_it(manifest):
    layers = {
        unique_id: ("staging", "intermediate", "marts").index(node["path"].split("/")[0])
        for unique_id, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    up = {
        (parent.split(".")[-1], unique_id.split(".")[-1])
        for unique_id, layer in layers.items()
        for parent in manifest["nodes"][unique_id]["depends_on"]["nodes"]
        if layers.get(parent, 0) > layer
    }
    assert {parent for parent, _ in up} <= READ_BY_INTERMEDIATE, sorted(up)


def test_models_of_intermediate_are_private_and_marts_public(manifest):
    access = {"staging": "protected", "intermediate": "private", "marts": "public"}
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert not [node["name"] for node in models if node["access"] != access[node["path"].split("/")[0]]]


def test_the_page_of_the_architecture_is_drawn_from_the_manifest(manifest):
    page = draw_architecture.page(manifest)
    assert page == draw_architecture.PAGE.read_text(encoding="utf-8"), "run scripts/draw_architecture.py"


def test_marts_hold_no_person(demonstration):
    assert not demonstration.rows(
        "select table_name, column_name from information_schema.columns "
        "where table_schema in ('marts', 'published', 'schools') and column_name in "
        "('client_id', 'student_key', 'immunization_id', 'exemption_id', 'education_record_id', 'date_of_birth')"
    )


def plain(text):
    """Words only: without footnote marks (one of them misprinted as `*r`), bullets and the page's line breaks."""
    text = text.replace("*r,", ",")
    return re.sub(r"[^\w≥<>+®-]+", " ", re.sub(r"-\s*\n\s*", "-", text)).strip().lower()


@beside_the_annex
@pytest.mark.parametrize("table", ["dose_rules", "up_to_date_rules", "antigen_statements"])
def test_annex_texts_are_the_annexs_own_words(table):
    # Of 2018–19: what another year's rows say is another annex's.
    annex = plain(ANNEX.read_text(encoding="utf-8"))
    # Nested bullets are joined to one sentence, so its pieces are looked for, not the whole.
    foreign = [
        (row["rule_id"], piece)
        for row in seed(table) if holds_in(row, 2018)
        for piece in re.split(r"—|: |; | AND |\. ", row["annex_text"])
        if plain(piece) not in annex
    ]
    assert not foreign


def sections_of_the_annex(manifest):
    """What each rule table reads of the annex, as its YAML says: `Appendix 1: Valid dose definitions`."""
    seeds = [n for n in manifest["nodes"].values() if n["resource_type"] == "seed" and n["schema"] == "annex"]
    return {node["name"]: node["config"]["meta"].get("annex", []) for node in seeds}


def test_the_page_of_the_annex_names_the_section_of_each_rule_table(manifest):
    text = (ROOT / "docs" / "annex.md").read_text(encoding="utf-8")
    rows, others = text.split("## Which section")[1].split("## Rules that are SQL")[0].split("These tables are not")
    sections = sections_of_the_annex(manifest)
    assert dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", rows, re.MULTILINE)) == {
        seed: "; ".join(read) for seed, read in sections.items() if read
    }
    assert set(re.findall(r"`(\w+)`", others)) == {seed for seed, read in sections.items() if not read}
    implemented = text.split("## Rules that are SQL")[1].split("[decisions.md]")[0]
    models = set(re.findall(r"`((?:int_)?\w+)`", implemented)) - {"map_category"}
    assert models <= {n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "model"}


def test_the_statements_of_the_annex_name_the_rows_that_their_table_reads(manifest):
    (read,) = sections_of_the_annex(manifest)["antigen_statements"]
    rows = read.removeprefix("Appendix 1: ").split(", ")
    assert {row["parameter"] for row in seed("antigen_statements")} == set(rows)


@beside_the_annex
def test_the_sections_that_the_page_of_the_annex_names_are_headings_of_the_annex(manifest):
    annex = plain(ANNEX.read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "annex.md").read_text(encoding="utf-8")
    named = [read for sections in sections_of_the_annex(manifest).values() for read in sections]
    named += re.findall(r"^\| ([A-Z][^|`]+) \| `", page.split("## Rules that are SQL")[1], re.MULTILINE)
    headings = {heading for section in named for heading in re.split(": |, ", section)}
    assert len(headings) > 15
    assert not [heading for heading in sorted(headings) if plain(heading) not in annex]
