"""A column whose name says that rows may not be in force: the build uses it as the user said, or stops and names it."""

import re
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT, run_dbt

from immunization_coverage.extracts import in_force
from immunization_coverage.extracts.columns import COLUMNS
from immunization_coverage.extracts.notes import Notes
from immunization_coverage.extracts.parts import Source
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.extracts.problems import ExtractsError

# Extract, header, values of the rows, and what the build does.
DOSES, EXEMPTIONS, ENROLMENTS, CLIENTS = "immunizations", "exemptions", "education_records", "clients"
STOPS, BUILDS = True, False
EXAMPLES = [
    # Status and completion of a dose, as FHIR, HL7 and people write them.
    (DOSES, "Immunization Status", ["completed", "not-done"], STOPS),
    (DOSES, "immunization_status", ["completed", "entered-in-error"], STOPS),
    (DOSES, "immunizationStatus", ["completed", "enteredInError"], STOPS),
    (DOSES, "immunizationstatus", ["completed", "NOT_DONE"], STOPS),
    (DOSES, "IMMUNIZATION STATUS", ["COMPLETED", "COMPLETED"], BUILDS),
    (DOSES, "Immunization\u00a0Status\u200b", ["completed", "not done"], STOPS),
    (DOSES, "Immu\u00adnization Status", ["completed", "Not\u200b Done"], STOPS),
    (DOSES, "status", ["completed", "not-done"], STOPS),
    (DOSES, "Status", ["Given", "Given"], BUILDS),
    (DOSES, "Completion Status", ["CP", "RE"], STOPS),
    (DOSES, "Completion Status", ["CP", "NA"], STOPS),
    (DOSES, "Completion Status", ["CP", "PA"], STOPS),
    (DOSES, "CompletionStatus", ["CP", "CP"], BUILDS),
    (DOSES, "completionstatus", ["CP", ""], BUILDS),
    (DOSES, "RXA-20", ["CP", "RE"], STOPS),
    (DOSES, "RXA-21", ["A", "D"], STOPS),
    (DOSES, "Dose Status", ["Administered", "Scheduled"], STOPS),
    (DOSES, "Dose Status", ["Administered", "Skipped"], STOPS),
    (DOSES, "Vaccination Status Code", ["Done", "Something else"], STOPS),
    (DOSES, "Vaccination Status", ["P3", "P3"], STOPS),
    (DOSES, "Event Status", ["completed", "N/A"], STOPS),
    (DOSES, "Event Status", ["completed", "NULL"], BUILDS),
    (DOSES, "Dose Status", ["Valid", "Invalid"], BUILDS),
    (DOSES, "Dose Status", ["Historical", "Completed"], BUILDS),
    (DOSES, "Dose Status", ["Valid", "Invalid - too young"], BUILDS),
    (DOSES, "Series Status", ["Complete", "Incomplete"], BUILDS),
    (DOSES, "Completion Date", ["2018-01-01", ""], BUILDS),
    (DOSES, "Immunization.status", ["completed", "not-done"], STOPS),
    (DOSES, "statusReason.text", ["", "PATOBJ"], STOPS),
    (DOSES, "Statut de la dose", ["Administrée", "Annulée"], STOPS),
    (DOSES, "Statut de la dose", ["Administrée", "administree"], BUILDS),
    (DOSES, "Statut", ["Complété", "Non fait"], STOPS),
    (DOSES, "État de l'enregistrement", ["Actif", "Supprimé"], STOPS),
    (DOSES, "Workflow Status", ["X1", "X2"], BUILDS),
    (DOSES, "Workflow Status", ["X1", "Entered in Error"], STOPS),
    (DOSES, "Outcome", ["Given", "Refused"], STOPS),
    # Yes or no.
    (DOSES, "voided", ["0", "1"], STOPS),
    (DOSES, "voided", ["0", "0"], BUILDS),
    (DOSES, "voided", ["0.0", "1.0"], STOPS),
    (DOSES, "Is Deleted", ["0", "-1"], STOPS),
    (DOSES, "is_deleted", ["false", "true"], STOPS),
    (DOSES, "isDeleted", ["False", "False"], BUILDS),
    (DOSES, "isdeleted", ["f", "t"], STOPS),
    (DOSES, "Deleted", ["N", "N"], BUILDS),
    (DOSES, "Deleted", ["", "X"], STOPS),
    (DOSES, "Deleted", ["N", "?"], STOPS),
    (DOSES, "DEL_FLG", ["N", "Y"], STOPS),
    (DOSES, "Refused", ["Non", "Oui"], STOPS),
    (DOSES, "Annulé", ["Non", "Non"], BUILDS),
    (DOSES, "notGiven", ["false", "true"], STOPS),
    (DOSES, "wasNotGiven", ["false", "false"], BUILDS),
    (DOSES, "Entered in Error", ["No", "Yes"], STOPS),
    (DOSES, "Given", ["Y", "N"], STOPS),
    (DOSES, "Given", ["Y", "Y"], BUILDS),
    (DOSES, "Given At", ["School", "Clinic"], BUILDS),
    (DOSES, "Active", ["1", "0"], STOPS),
    (DOSES, "Is Active", ["True", "True"], BUILDS),
    (DOSES, "_change_type", ["insert", "update_postimage"], BUILDS),
    (DOSES, "_change_type", ["insert", "delete"], STOPS),
    # Filled or not.
    (DOSES, "Reason Not Given", ["", "Parent refused"], STOPS),
    (DOSES, "Reason Not Given", ["", ""], BUILDS),
    (DOSES, "reasonnotgiven", ["", "Absent"], STOPS),
    (DOSES, "Reason Not Given", ["", "NA"], STOPS),
    (DOSES, "Reason Not Given", ["NA", "NA"], BUILDS),
    (DOSES, "Refusal Reason", [None, "Religious"], STOPS),
    (DOSES, "Motif du refus", ["", "Absent"], STOPS),
    (DOSES, "Deleted On", ["", "2018-10-03"], STOPS),
    (DOSES, "deleted_at", ["", "2018-10-03 09:12:44"], STOPS),
    (DOSES, "Deleted Date", ["9999-12-31", "9999-12-31"], BUILDS),
    (DOSES, "Deleted On", ["", "NULL"], BUILDS),
    (DOSES, "Replaced By", ["", "IM9"], STOPS),
    # About something else.
    (DOSES, "Historical", ["Y", "N"], BUILDS),
    (DOSES, "Estimated Date", ["N", "Y"], BUILDS),
    (DOSES, "Validity Status", ["Valid", "Invalid"], BUILDS),
    (DOSES, "Consent Status", ["Granted", "Refused"], BUILDS),
    (DOSES, "Reason Invalid", ["", "Too young"], BUILDS),
    (DOSES, "Client Status", ["Active", "Inactive"], BUILDS),
    (DOSES, "Reported Source", ["Parent", "School"], BUILDS),
    (DOSES, "Clinic Name", ["Deleted", "Refused"], BUILDS),
    # Exemptions.
    (EXEMPTIONS, "Exemption Status", ["Active", "Revoked"], STOPS),
    (EXEMPTIONS, "Exemption Status", ["Active", "Rescinded"], STOPS),
    (EXEMPTIONS, "Exemption Status", ["Active", "Inactive"], STOPS),
    (EXEMPTIONS, "Exemption Status", ["Active", "Valid"], BUILDS),
    (EXEMPTIONS, "Exemption Status", ["Active", "Expired"], STOPS),
    (EXEMPTIONS, "Exemption Status", ["Active", "Expired (to 2018-06-30)"], STOPS),
    (EXEMPTIONS, "exemptionStatus", ["Approved", "Pending"], STOPS),
    (EXEMPTIONS, "Revoked On", ["", "2018-01-15"], STOPS),
    (EXEMPTIONS, "Date révocation", ["", ""], BUILDS),
    (EXEMPTIONS, "Statut", ["En vigueur", "Révoquée"], STOPS),
    (EXEMPTIONS, "Active", ["Y", "N"], STOPS),
    # Enrolments.
    (ENROLMENTS, "Enrolment Status", ["Enrolled", "Cancelled"], STOPS),
    (ENROLMENTS, "Enrollment Status", ["Enrolled", "No-show"], STOPS),
    (ENROLMENTS, "enrolment_status", ["Active", "Pre-Registered"], STOPS),
    (ENROLMENTS, "Registration Status", ["Active", "Deleted"], STOPS),
    (ENROLMENTS, "Enrolment Status", ["Enrolled", "Withdrawn before start"], STOPS),
    (ENROLMENTS, "Enrolment Status", ["Enrolled", "Withdrawn"], STOPS),
    (ENROLMENTS, "Statut d'inscription", ["Inscrit", "Annulé"], STOPS),
    (ENROLMENTS, "Exit Reason", ["", "Family reasons"], BUILDS),
    (ENROLMENTS, "Exit Reason", ["", "No show"], STOPS),
    (ENROLMENTS, "School Status", ["Open", "Closed"], BUILDS),
    (ENROLMENTS, "Withdrawal Date", ["", "2018-12-01"], STOPS),
    (ENROLMENTS, "Inactive", ["N", "Y"], STOPS),
    # Clients.
    (CLIENTS, "Merged Into", ["", "0000000009"], STOPS),
    (CLIENTS, "mergedinto", ["", "9"], STOPS),
    (CLIENTS, "Merged Into", ["0", "0"], BUILDS),
    (CLIENTS, "Merged Into", ["1", "2"], BUILDS),
    (CLIENTS, "Surviving Client ID", ["0001", "0001"], STOPS),
    (CLIENTS, "Merged From", ["", "9"], BUILDS),
    (CLIENTS, "Duplicate Of", ["", "9"], STOPS),
    (CLIENTS, "Is Duplicate", ["N", "Y"], STOPS),
    (CLIENTS, "Deceased", ["N", "Y"], STOPS),
    (CLIENTS, "Deceased", ["N", "N"], BUILDS),
    (CLIENTS, "Date of Death", ["", "2018-05-05"], STOPS),
    (CLIENTS, "Décédé", ["Non", "Oui"], STOPS),
    (CLIENTS, "Record Status", ["Active", "Merged"], STOPS),
    (CLIENTS, "Marital Status", ["Single", "Married"], BUILDS),
    (CLIENTS, "Immigration Status", ["Refused", "Pending"], BUILDS),
    (CLIENTS, "Is Active", ["Y", "N"], STOPS),
    (CLIENTS, "Verified", ["Y", "N"], BUILDS),
    ("schools", "Active", ["Y", "N"], BUILDS),
    ("schools", "Closed Date", ["", "2015-06-30"], BUILDS),
    ("schools", "School Status", ["Open", "Closed"], BUILDS),
    ("schools", "Deleted", ["N", "Y"], STOPS),
]


def part_of(folder: Path, extract_name: str, header: str, values: list[str | None], end: str = "", kind="varchar"):
    """A file of as many rows as there are values, with ids from 1."""
    path = folder / f"{extract_name}_{len(list(folder.iterdir()))}.parquet"
    places = {in_force.OWN_IDS[extract_name]: 0}
    headers = [*places, header]
    if extract_name in in_force.ENDS:
        headers.append(in_force.ENDS[extract_name])
        places[in_force.ENDS[extract_name]] = 2
    extra = in_force.extra_columns(extract_name, headers, places)
    names = {place: name for name, place in (places | extra).items()}
    with duckdb.connect() as connection:
        columns = "row_id varchar, said varchar, ends varchar"
        connection.execute(f"create table rows ({columns})")
        connection.executemany(
            "insert into rows values (?, ?, ?)", [[n, v, end] for n, v in enumerate(values, start=1)]
        )
        selected = ["row_id", f"cast(said as {kind})", "ends"]
        sql = ", ".join(f"{selected[place]} as {name}" for place, name in names.items())
        connection.execute(f"copy (select {sql} from rows) to '{path}'")
    return Source(extract_name, path, f"{path.stem}.csv").part(path, len(values), headers, places, extra)


def judged(parts) -> list[list[str | None]]:
    """The texts of not_in_force, part by part. Raises ExtractsError."""
    notes = Notes()
    with duckdb.connect() as connection:
        texts = in_force.not_in_force(connection, parts[0].source.extract_name, parts, notes)
        return [
            [t for (t,) in connection.execute(f"select {sql or 'null'} from read_parquet('{part.path}')").fetchall()]
            for part, sql in zip(parts, texts, strict=True)
        ], {kind: rows for (*_, kind, _), rows in notes.counts.items()}


@pytest.fixture
def mapping(tmp_path_factory, monkeypatch):
    """Name a file of the user's own that says what values mean."""

    def write(*rows: str) -> None:
        path = tmp_path_factory.mktemp("own") / "meanings.csv"
        path.write_text("\n".join(("extract_name,header,value,meaning", *rows)) + "\n", encoding="utf-8")
        monkeypatch.setenv("COLUMN_MEANINGS", str(path))

    return write


@pytest.mark.parametrize(("extract_name", "header", "values", "stops"), EXAMPLES)
def test_a_column_stops_the_build_where_a_value_says_that_a_row_is_not_in_force(
    tmp_path, extract_name, header, values, stops
):
    part = part_of(tmp_path, extract_name, header, values)
    if stops:
        with pytest.raises(ExtractsError, match="column_meanings.csv") as error:
            judged([part])
        assert in_force.shown(header) in str(error.value)
    else:
        assert judged([part]) == ([[None] * len(values)], {})


@pytest.mark.parametrize(
    ("extract_name", "header", "values"),
    [
        (EXEMPTIONS, "Exemption Status", ["Ended", "Past", "Expired", "Terminé"]),
        (ENROLMENTS, "Enrolment Status", ["Ended", "Completed", "Withdrawn", "Inactive"]),
        (ENROLMENTS, "Inactive", ["Y"]),
        (ENROLMENTS, "Is Current", ["N"]),
        (ENROLMENTS, "Withdrawn On", ["2018-06-30"]),
    ],
)
def test_a_column_may_repeat_what_the_end_date_says(tmp_path, extract_name, header, values):
    judged([part_of(tmp_path, extract_name, header, values, end="2018-06-30")])
    for end in ("", "9999-12-31", "1900-01-01"):
        with pytest.raises(ExtractsError, match="while their effective_to does not say so"):
            judged([part_of(tmp_path, extract_name, header, values, end=end)])


@pytest.mark.parametrize(
    ("header", "value"),
    [("Deceased", "Y"), ("Date of Death", "2018-01-05"), ("Is Active", "N"), ("Life Status", "Dead")],
)
def test_a_column_may_repeat_what_a_clients_status_says(tmp_path, header, value):
    for status in ("Inactive", "DECEASED", "Décédé"):
        judged([part_of(tmp_path, CLIENTS, header, [value], end=status)])
    for status in ("Active", "", "actif"):
        with pytest.raises(ExtractsError, match="while their client_status does not say so"):
            judged([part_of(tmp_path, CLIENTS, header, [value], end=status)])
    # The doses of a client who was merged into another are lost, whatever the status.
    with pytest.raises(ExtractsError, match="Merged Into"):
        judged([part_of(tmp_path, CLIENTS, "Merged Into", ["9"], end="Inactive")])


@pytest.mark.parametrize("kind", ["boolean", "integer", "double", "decimal(9, 2)"])
def test_a_typed_column_says_the_same_as_text(tmp_path, kind):
    judged([part_of(tmp_path, DOSES, "voided", ["0", "0", None], kind=kind)])
    with pytest.raises(ExtractsError, match="'voided'"):
        judged([part_of(tmp_path, DOSES, "voided", ["0", "1", None], kind=kind)])


def test_a_column_of_one_file_of_several_counts(tmp_path):
    plain = part_of(tmp_path, DOSES, "Clinic", ["A", "B"])
    parts = [part_of(tmp_path, DOSES, "Dose Status", ["given", "refused"]), plain]
    parts.append(part_of(tmp_path, DOSES, "dose_status", ["given", "refused"]))
    with pytest.raises(ExtractsError) as error:
        judged(parts)
    (problem,) = error.value.problems
    assert problem.startswith(
        f"{parts[0].prepared.file} and {parts[2].prepared.file}: the column 'Dose Status' says of 2 of 4"
    )


def test_the_rows_that_a_stop_asks_for_let_the_build_go_on(tmp_path, mapping):
    part = part_of(tmp_path, DOSES, "Dose Status", ["given", "Not done, refused", "Not done, refused", "void", "once"])
    with pytest.raises(ExtractsError) as error:
        judged([part])
    # A spelling of one row is not printed, but for a word of the project's own list.
    assert "once" not in str(error.value)
    rows = [line.strip() for line in str(error.value).splitlines()[1:]]
    assert rows == [
        'immunizations,Dose Status,"Not done, refused",not_in_force',
        "immunizations,Dose Status,void,not_in_force",
        "immunizations,Dose Status,*,not_in_force",
    ]
    mapping(*rows)
    (texts,), notes = judged([part])
    said = ["Not done, refused", "Not done, refused", "void", "once"]
    assert texts == [None, *(f"Dose Status: {value}" for value in said)]
    assert notes == {"not_in_force": 4}


def test_a_value_that_the_user_says_is_in_force_counts(tmp_path, mapping):
    mapping("immunizations,dose_status,Deferred,in_force", "immunizations,Dose Status,*,not_in_force")
    (texts,), notes = judged([part_of(tmp_path, DOSES, "Dose Status", ["given", "deferred", "refused", ""])])
    assert texts == [None, None, "Dose Status: refused", None]
    assert notes == {"declared_in_force": 1, "not_in_force": 1}


def test_a_column_that_only_the_user_knows_is_used(tmp_path, mapping):
    mapping("immunizations,Kind of Row,Planned,not_in_force")
    (texts,), _ = judged([part_of(tmp_path, DOSES, "Kind of row", ["Dose", "Planned", None])])
    assert texts == [None, "Kind of row: Planned", None]


def test_names_ids_and_days_are_never_printed(tmp_path):
    for header in ("Merged Into", "Deleted By", "Deleted On"):
        with pytest.raises(ExtractsError) as error:
            judged([part_of(tmp_path, CLIENTS, header, ["", "2011-SECRET", "2011-SECRET"])])
        assert "SECRET" not in str(error.value)
        assert f"clients,{header},*,not_in_force" in str(error.value)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("immunizations,Dose Status,void,gone", "Line 2"),
        ("doses,Dose Status,void,in_force", "Line 2"),
        ("immunizations,,void,in_force", "Line 2"),
        ("immunizations,a,b,in_force\nimmunizations,A,B,not_in_force", "Line 3 .* second meaning"),
    ],
)
def test_a_wrong_row_of_a_mapping_is_refused(mapping, row, problem):
    mapping(row)
    with pytest.raises(ExtractsError, match=problem):
        in_force.Meanings()


def test_a_mapping_that_cannot_be_read_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMN_MEANINGS", str(tmp_path / "none.csv"))
    extracts = tmp_path / "extracts"
    extracts.mkdir()
    for name, (required, _) in COLUMNS.items():
        (extracts / f"{name}.csv").write_text(f"{','.join(required)}\n{','.join('1' for _ in required)}\n")
    with pytest.raises(ExtractsError) as error:
        prepare(extracts, tmp_path / "prepared")
    assert len(error.value.problems) == 1


def test_dbt_alone_stops_at_the_columns_that_the_reader_looks_into(tmp_path):
    """The macro knows every pattern of the seed by one of its words, but for the few that are a whole header."""
    macro = (ROOT / "macros" / "build" / "check_extracts.sql").read_text(encoding="utf-8")
    stems = re.findall("[a-zé]+", macro[macro.index("set stems =") + len("set stems =") : macro.index("set whole")])
    patterns = [p for p in in_force.header_patterns() if p.kind != "unrelated" and not p.is_whole]
    assert [h for p in patterns for h in p.joined if not any(stem in h for stem in stems)] == []
    folder = tmp_path / "extracts"
    folder.mkdir()
    for name, (required, _) in COLUMNS.items():
        extra = [*required, "dose_status", "historical"] if name == DOSES else required
        (folder / f"{name}.csv").write_text(f"{','.join(extra)}\n")
    build = run_dbt("build", "--select", "antigens", warehouse=tmp_path / "warehouse.duckdb", extracts=folder)
    assert build.returncode != 0
    assert re.search(r"column 'dose_status' in \S+immunizations.csv .* 'make build'", " ".join(build.output.split()))
    assert "historical" not in build.output
