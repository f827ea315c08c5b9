"""The list for ImmuKnow, held to that program's input checks (columns, ids, dates, agents) and to the warehouse."""

import csv
import hashlib
import os
import re
import subprocess
from datetime import date, datetime

import duckdb
import pytest
from conftest import ICW, ROOT, SHARED, differing
from openpyxl import load_workbook

from immunization_coverage.lists import immuknow

SAMPLE = SHARED / "data" / "panorama_sample.csv"
COLUMNS = [
    "School Type",
    "School Name",
    "Client Id",
    "First Name",
    "Last Name",
    "Age",
    "Date of Birth",
    "Street Address Line 1",
    "Street Address Line 2",
    "City",
    "Province/Territory",
    "Postal Code",
    "Overdue Disease",
    "Overdue Agent",
    "Imms Given",
    "Unique ID",
    "Disease(s)/Agent(s)",
    "Imms History by Agent",
]
# The fields of the program's own input schema, and those that it requires.
SCHEMA_FIELDS = {
    "school_name",
    "client_id",
    "first_name",
    "last_name",
    "date_of_birth",
    "street_address_line_1",
    "street_address_line_2",
    "city",
    "province",
    "postal_code",
    "overdue_disease",
    "overdue_agent",
    "imms_given",
    "board_name",
    "board_id",
    "school_id",
    "version_id",
}
SCHEMA_REQUIRED = {"school_name", "client_id", "first_name", "last_name", "date_of_birth", "city", "imms_given"}
DISEASES = {
    "Diphtheria",
    "Tetanus",
    "Pertussis",
    "Polio",
    "Measles",
    "Mumps",
    "Rubella",
    "Meningococcal",
    "Varicella",
}


def run_export(warehouse, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "EXTRACTS_DIR"}
    return subprocess.run(
        [ICW, "lists", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"WAREHOUSE_PATH": str(warehouse)},
    )


@pytest.fixture(scope="module")
def names(demonstration, tmp_path_factory):
    """Invented names and addresses of every client of the demonstration."""
    path = tmp_path_factory.mktemp("names") / "names.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "Last Name",
                "CLIENT_ID",
                "first name",
                "City",
                "Street Address Line 1",
                "Province/Territory",
                "Postal Code",
            ]
        )
        for number, (client,) in enumerate(demonstration.rows("select client_id from assessment.students order by 1")):
            writer.writerow(
                [
                    f"Zzyxnamed{number}",
                    client,
                    f"Given{number}",
                    "Springfield, North",
                    f"{number} Main St",
                    "Ontario",
                    "N0N 0N0",
                ]
            )
    return path


@pytest.fixture(scope="module")
def lists(demonstration, names, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    before = hashlib.sha256(demonstration.warehouse.read_bytes()).hexdigest()
    for form, output in (("panorama", "list.csv"), ("immuknow", "list.xlsx")):
        done = run_export(demonstration.warehouse, folder / output, "--names", names, "--form", form)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"\d+ overdue students written to .*\.\n", done.stdout), done.stdout
    assert hashlib.sha256(demonstration.warehouse.read_bytes()).hexdigest() == before
    with (folder / "list.csv").open(encoding="utf-8", newline="") as file:
        panorama = list(csv.DictReader(file))
    header, *rows = load_workbook(folder / "list.xlsx").active.iter_rows(values_only=True)
    return folder, panorama, [dict(zip(header, row, strict=True)) for row in rows]


def entries(text, separator):
    assert text.endswith(separator)
    return [entry.strip() for entry in text.split(separator) if entry.strip()]


def test_the_list_has_the_columns_of_panoramas_export(lists):
    assert list(lists[1][0]) == COLUMNS
    if SAMPLE.exists():
        with SAMPLE.open(encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == COLUMNS


def test_ids_dates_agents_and_names_are_what_the_program_checks(demonstration, lists):
    _, panorama, schema = lists
    agents = {row[0] for row in demonstration.rows("select agent from annex.agents")}
    given = {}
    for client, day, agent in demonstration.rows(
        "select client_id, administered_date, agent from staging.base_panorama__immunizations "
        "where administered_date <= date '2019-08-31' and agent is not null"
    ):
        given.setdefault(client, set()).add((day, agent))
    assert len(panorama) == len(schema) > 100
    for row, again in zip(panorama, schema, strict=True):
        client = row["Client Id"]
        assert re.fullmatch(r"\d{10}", client) and again["client_id"] == client
        assert set(again) <= SCHEMA_FIELDS and all(again[name] for name in SCHEMA_REQUIRED)
        born = date.fromisoformat(row["Date of Birth"])
        assert (
            again["date_of_birth"] == row["Date of Birth"]
            and 2019 - born.year - 1 <= int(row["Age"]) <= 2019 - born.year
        )
        assert row["Last Name"].startswith("Zzyxnamed") and row["City"] == "Springfield, North"
        assert re.fullmatch(r"[A-Z][\w&' -]*|", row["School Type"], re.ASCII) and "  " not in row["School Type"]
        assert row["Unique ID"] == f"{row['School Name'].upper()}-{client}"
        for texts, separator in (
            ((row["Overdue Disease"], row["Overdue Agent"], row["Imms Given"]), ","),
            ((again["overdue_disease"], again["overdue_agent"], again["imms_given"]), ";"),
        ):
            assert set(entries(texts[0], separator)) <= DISEASES and set(entries(texts[1], separator)) <= agents
        doses = entries(again["imms_given"], ";")
        parsed = {
            (datetime.strptime(day, "%b %d, %Y").date(), agent)
            for day, agent in (dose.split(" - ", 1) for dose in doses if dose != "-")
        }
        assert parsed == given.get(client, set())
        by_day = {
            (datetime.strptime(day.title(), "%Y %b %d").date(), agent)
            for day, agents_of_day in re.findall(r"\[(\d{4} [A-Z]{3} \d{2}): ([^\]]+)\]", row["Imms History by Agent"])
            for agent in agents_of_day.split(", ")
        }
        assert by_day == parsed
    assert {disease for row in panorama for disease in entries(row["Overdue Disease"], ",")} == DISEASES


def test_the_list_is_everybody_overdue_and_nobody_exempt(demonstration, lists):
    overdue = demonstration.rows("select distinct client_id from assessment.ispa_compliance where is_due")
    assert sorted(row["Client Id"] for row in lists[1]) == sorted(client for (client,) in overdue)
    exempt = demonstration.rows(
        "select client_id, disease_name from assessment.ispa_compliance "
        "join practice.ispa_diseases using (disease, antigen) "
        "where status <> 'overdue'"
    )
    named = {(row["Client Id"], disease) for row in lists[1] for disease in entries(row["Overdue Disease"], ",")}
    assert exempt and not named & set(exempt)


def test_a_list_shows_its_day_and_what_is_due_on_it(demonstration, lists):
    book = load_workbook(lists[0] / "list.xlsx")
    assert book.sheetnames == ["overdue as of 2019-08-31", "visits"]
    ((said, *_), header, *rows) = book["visits"].iter_rows(values_only=True)
    assert said.startswith("As of 2019-08-31, the end of the school year. Due is what counts if given on that last day")
    listed = {
        row[0]: tuple(value or None for value in row[1:])
        for row in demonstration.rows(
            "select client_id, overdue_diseases, due_agents, due_later, diseases_without_agent "
            "from assessment.ispa_overdue_students where is_due"
        )
    }
    place = {name: number for number, name in enumerate(header)}
    assert {row[place["Client Id"]] for row in rows} == set(listed)
    for row in rows:
        told = listed[row[place["Client Id"]]]
        assert row[place["Overdue diseases"] : place["No agent offered"] + 1] == told
        agents = told[1].split(", ")
        (visit,) = re.findall(r"^Next visit on 2019-08-31 or later: (.+?) \((\d) injections?\), against .+\.$", row[-1])
        assert re.split(", | and ", visit[0]) == agents and int(visit[1]) == len(agents)
    panorama = {row["Client Id"]: row for row in lists[1]}
    for client_id, (_, due_agents, *_) in listed.items():
        assert entries(panorama[client_id]["Overdue Agent"], ",") == due_agents.split(", ")


def test_a_list_is_its_owners_alone_and_can_be_of_one_unit(demonstration, lists, tmp_path):
    assert (lists[0] / "list.csv").stat().st_mode & 0o777 == 0o600
    assert (lists[0] / "list.xlsx").stat().st_mode & 0o777 == 0o600
    phu, count = demonstration.rows(
        "select phu_id, count(*) from assessment.ispa_overdue_students where is_due group by 1 order by 2 desc limit 1"
    )[0]
    done = run_export(demonstration.warehouse, tmp_path / "unit.csv", "--phu", phu)
    assert done.stdout.startswith(f"{count} overdue students written") and "have no name" in done.stdout


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("Name,First Name,Last Name\nZzyx,A,B\n", "has no column Client Id"),
        ("Client Id,First Name,Last Name\n0000000001,Zzyx,B,C\n", "has 4 columns on line 2 where the header has 3"),
        ("Client Id,Surname\n0000000001,Zzyx\n", "has no columns First Name and Last Name"),
        ("Client Id,First Name,Last Name\n0000000001,Zzyx,B\n0000000001,A,B\n", "has a client twice"),
    ],
)
def test_a_bad_file_of_names_is_a_sentence_without_its_rows(demonstration, tmp_path, content, sentence):
    (tmp_path / "names.csv").write_text(content, encoding="utf-8")
    done = run_export(demonstration.warehouse, tmp_path / "list.csv", "--names", tmp_path / "names.csv")
    assert done.returncode == 1 and sentence in done.stderr and "Zzyx" not in done.stderr
    assert not (tmp_path / "list.csv").exists()


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("cp1252", ";"), ("cp1252", ","), ("utf-8", ";"), ("utf-16", "\t"), ("utf-8-sig", ",")],
)
def test_names_are_read_in_the_encodings_and_with_the_separators_of_extracts(
    demonstration, lists, tmp_path, encoding, delimiter
):
    client = lists[1][0]["Client Id"]
    names = [["Client Id", "First Name", "Last Name", "City"], [client, "Zoé", "Côté", "L'Orignal"]]
    text = "".join(delimiter.join(row) + "\r\n" for row in names)
    (tmp_path / "names.csv").write_bytes(text.encode(encoding))
    done = run_export(demonstration.warehouse, tmp_path / "list.csv", "--names", tmp_path / "names.csv")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["Client Id"] == client)
    assert (row["First Name"], row["Last Name"], row["City"]) == ("Zoé", "Côté", "L'Orignal")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["list.csv", "names.csv"]


def test_a_unit_or_a_school_that_the_warehouse_does_not_have_is_refused_with_those_that_it_has(demonstration, tmp_path):
    school, phu = demonstration.rows("select school_id, phu_id from assessment.students order by all limit 1")[0]
    (other,) = demonstration.rows(f"select min(phu_id) from assessment.students where phu_id <> '{phu}'")[0]
    for arguments, sentence, known in (
        (("--phu", "XX"), "There is no public health unit XX.", f"{phu} ("),
        (("--school", school + "9"), f"There is no school {school}9 with students.", school),
        (("--phu", other, "--school", school), f"There is no school {school} with students in {other}.", ""),
    ):
        done = run_export(demonstration.warehouse, tmp_path / "list.csv", *arguments)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(sentence) and known in done.stderr.removeprefix(sentence)
        assert not (tmp_path / "list.csv").exists()
    assert run_export(demonstration.warehouse, tmp_path / "list.csv", "--phu", phu, "--school", school).returncode == 0


def test_texts_of_a_workbook_are_never_formulas(demonstration, lists, tmp_path):
    client = lists[1][0]["Client Id"]
    names = ["First Name", "Last Name", "Street Address Line 1", "Street Address Line 2", "City"]
    names += ["Province/Territory", "Postal Code"]
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", "=cmd|' /C calc'!A0", "\x0bNowhere"]
    with (tmp_path / "names.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["Client Id", *names], [client, *texts]])
    done = run_export(demonstration.warehouse, tmp_path / "list.xlsx", "--names", tmp_path / "names.csv")
    assert done.returncode == 0, done.stderr
    header, *rows = load_workbook(tmp_path / "list.xlsx").active.iter_rows()
    row = next(row for row in rows if row[2].value == client)
    cells = [cell for name, cell in zip(header, row, strict=True) if name.value in names]
    assert [cell.value for cell in cells] == [*texts[:-1], "Nowhere"]
    assert all(cell.data_type == "s" for row in rows for cell in row if isinstance(cell.value, str))
    assert all(cell.quotePrefix for cell in cells[:4])


def test_lists_and_names_in_the_project_folder_are_no_part_of_it():
    ignored = subprocess.run(
        ["git", "check-ignore", "list.xlsx", "names.csv"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ignored.returncode == 128:
        pytest.skip("the project is no Git repository here")
    assert ignored.stdout.split() == ["list.xlsx", "names.csv"]


def test_who_left_the_list_since_an_earlier_warehouse_is_told(demonstration, tmp_path):
    earlier = tmp_path / "earlier.duckdb"
    earlier.write_bytes(demonstration.warehouse.read_bytes())
    with duckdb.connect(str(earlier)) as connection:
        connection.execute("update assessment.ispa_compliance set status = 'overdue' where status = 'exempt'")
        connection.execute("update assessment.ispa_compliance set status = 'overdue' where disease = 'rubella'")
    found = differing("newly_compliant", demonstration.warehouse, earlier, tmp_path)
    told = sorted((row["client_id"], row["disease"], row["status_now"]) for row in found)
    assert told == sorted(
        demonstration.rows(
            "select client_id, disease, status from assessment.ispa_compliance "
            "where status = 'exempt' or (status <> 'overdue' and disease = 'rubella')"
        )
    )


def test_a_list_never_replaces_the_file_of_names(tmp_path):
    names = tmp_path / "names.csv"
    names.write_text("Client Id,First Name,Last Name\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(names)
    before = names.read_bytes()
    for output in (names, tmp_path / "link.csv"):
        with pytest.raises(immuknow.NotWritten, match="OUTPUT and NAMES are one file"):
            immuknow.export(immuknow.Options(output, names))
    assert names.read_bytes() == before
