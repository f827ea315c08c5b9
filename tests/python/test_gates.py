"""Gates on small invented extracts, from the folder to marts.data_quality.

The extracts hold 36 invented children, 12 each of 7, 12 and 17 years old in 2018-19, in two public health units.
"""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Build, few, long, run_dbt

from immunization_coverage.build import builder
from immunization_coverage.extracts import preparation
from immunization_coverage.extracts.preparation import prepare
from immunization_coverage.rules import check

AGENTS = ("DTaP-IPV-Hib", "MMR", "Var", "Men-C-C", "Tdap-IPV")
SELECTION = ("--resource-type", "seed", "--resource-type", "model", "--select", "+data_quality")
Rows = list[dict[str, str]]


def small_extracts() -> dict[str, Rows]:
    schools = [
        {"school_id": f"00{number}118", "school_name": f"School {number}",
         "school_type": "elementary & secondary school", "public_health_unit": unit}
        for number, unit in enumerate(("Peel Public Health", "Toronto Public Health", "Peel Public Health"))
    ]  # fmt: skip
    clients, records, immunizations, exemptions = [], [], [], []
    for number in range(36):
        # Every third id begins with a zero.
        client = f"{(number % 3) * 3_000_000_000 + 118_193 * (number + 1):010}"
        born = (2011, 2006, 2001)[number // 12]
        gender = "F" if number % 2 else "M"
        clients.append(
            {"client_id": client, "date_of_birth": f"{born}-0{number % 9 + 1}-11", "gender": gender,
             "client_status": "Active"}
        )  # fmt: skip
        records.append(
            {"education_record_id": f"ED{number:04}", "client_id": client,
             "school_id": schools[number % 3]["school_id"],
             "effective_from": "2017-09-05", "effective_to": "2019-06-28"}
        )  # fmt: skip
        for place, agent in enumerate(AGENTS):
            given = "2018-10-02" if agent == "Tdap-IPV" and number % 4 == 0 else f"{born + 1 + place}-10-0{place + 1}"
            immunizations.append(
                {"immunization_id": f"IM{number:04}{place}", "client_id": client, "agent": agent,
                 "administered_date": given, "trade_name": ""}
            )  # fmt: skip
        if number % 9 == 0:
            exemptions.append(
                {"exemption_id": f"EX{number:04}", "client_id": client, "antigen": "Measles (M)",
                 "reason": "Philosophical reason", "effective_from": "2015-03-02", "effective_to": ""}
            )  # fmt: skip
    return {
        "clients": clients, "schools": schools, "education_records": records, "immunizations": immunizations,
        "exemptions": exemptions,
    }  # fmt: skip


def write(folder: Path, name: str, rows: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def in_two_files(extracts: dict[str, Rows], name: str) -> None:
    rows = extracts.pop(name)
    half = len(rows) // 2
    extracts |= {f"{name}_1": rows[:half], f"{name}_2": rows[half:]}


def lose_zeros_in_one_file(extracts: dict[str, Rows]) -> None:
    in_two_files(extracts, "immunizations")
    for row in extracts["immunizations_2"]:
        row["client_id"] = row["client_id"].lstrip("0")


def put_decimals(extracts: dict[str, Rows]) -> None:
    for row in extracts["education_records"]:
        row["client_id"] = row["client_id"].lstrip("0") + ".0"


def lose_zeros_of_schools(extracts: dict[str, Rows]) -> None:
    for row in extracts["schools"]:
        row["school_id"] = row["school_id"].lstrip("0")


def show_in_scientific_notation(extracts: dict[str, Rows]) -> None:
    for row in extracts["clients"]:
        row["client_id"] = f"{int(row['client_id']):.2E}"


def misspell_a_unit(extracts: dict[str, Rows]) -> None:
    extracts["schools"][1]["public_health_unit"] = "Torronto Publik Health"


def stop_at_a_page(extracts: dict[str, Rows]) -> None:
    extracts["immunizations"] = extracts["immunizations"][:100]


def lose_records_of_an_age(extracts: dict[str, Rows]) -> None:
    del extracts["education_records"][6:12]


def end_before_the_school_year(extracts: dict[str, Rows]) -> None:
    extracts["immunizations"] = [row for row in extracts["immunizations"] if row["administered_date"] < "2018-09-01"]


def write_serial_numbers(extracts: dict[str, Rows]) -> None:
    for row in extracts["immunizations"]:
        if row["agent"] == "Men-C-C":
            row["administered_date"] = "41187"


def invent_an_agent(extracts: dict[str, Rows]) -> None:
    for row in extracts["immunizations"][:40]:
        if row["agent"] == "MMR":
            row["agent"] = "Weltpolio"


def merge_cells_of_schools(extracts: dict[str, Rows]) -> None:
    for row in extracts["education_records"][3:]:
        row["school_id"] = ""


def deactivate_most(extracts: dict[str, Rows]) -> None:
    for row in extracts["clients"][:30]:
        row["client_status"] = "Inactive"


def leave_out_an_age(extracts: dict[str, Rows]) -> None:
    extracts["clients"] = [row for row in extracts["clients"] if row["date_of_birth"] < "2011"]


def invert_periods(extracts: dict[str, Rows]) -> None:
    for row in extracts["education_records"][:30]:
        row["effective_from"], row["effective_to"] = row["effective_to"], row["effective_from"]


def name_a_unit_to_come(extracts: dict[str, Rows]) -> None:
    extracts["schools"][1]["public_health_unit"] = "Huron Perth Public Health"


def name_a_unit_to_come_and_one_of_its_parts(extracts: dict[str, Rows]) -> None:
    name_a_unit_to_come(extracts)
    extracts["schools"][0]["public_health_unit"] = "Perth District Health Unit"
    for row in extracts["immunizations"][:40]:
        if row["agent"] == "Men-C-C":
            row["agent"] = "Prevnar 20"


# Faults that come together in one folder, each with the check that stops and what its detail says.
FOLDERS: dict[str, list[tuple[Callable[[dict[str, Rows]], None], str, str]]] = {
    "doses": [
        (end_before_the_school_year, "immunizations_none_in_school_year", r"no dose after 31 August 2018"),
        (write_serial_numbers, "immunizations_administered_date_not_a_date_by_shape", r"99999.*Excel"),
        (invent_an_agent, "immunizations_unknown_agent_by_value", r"'Weltpolio': 9 of 171$"),
        (misspell_a_unit, "education_records_unknown_phu_by_value", r"Torronto.*12 of 36; nearest: Toronto"),
        (invert_periods, "education_records_inverted_period", r"^$"),
        (lose_zeros_in_one_file, "immunizations_orphan_client_by_damage", r"immunizations_2\.csv.*leading zeros"),
    ],
    "pages": [
        (stop_at_a_page, "students_without_doses", r"^$"),
        (stop_at_a_page, "students_without_doses_by_age", r"age 17: 12 of 12"),
        (lose_records_of_an_age, "clients_without_usable_education_record_by_age", r"age 7: 6 of 12"),
    ],
    "schools": [
        (put_decimals, "education_records_orphan_client_by_damage", r"education_records\.csv.*\.0"),
        (lose_zeros_of_schools, "education_records_unknown_school_by_damage", r"^schools \(schools\.csv\).*zeros"),
        (deactivate_most, "clients_not_active", r"^$"),
    ],
    "clients": [
        (show_in_scientific_notation, "immunizations_orphan_client_by_damage", r"^clients \(clients.*scientific"),
        (merge_cells_of_schools, "education_records_no_school_id", r"^$"),
        (leave_out_an_age, "students_of_an_age_missing", r"age 7; 0 students"),
        (
            name_a_unit_to_come, "schools_phu_to_come_instead_of_its_parts",
            "^Huron Perth Health Unit: 1 of 3; a unit from 2019-20 on; in 2018-19 it is Huron County Health Unit",
        ),
    ],
}  # fmt: skip
# Faults that are said and stop nothing.
WARNED = {"units_to_come": name_a_unit_to_come_and_one_of_its_parts}
CASES = [
    (name, fault.__name__, check, says)
    for name, faults in few(FOLDERS.items(), 2) for fault, check, says in faults
]  # fmt: skip
ACCEPTED = {
    "pages": "exemptions_orphan_client, students_without_doses_by_unit",
    # A third of so few students.
    "units_to_come": "education_records_unknown_phu clients_without_usable_education_record",
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds what leads to marts.data_quality, as dbt alone would, from prepared extracts; each folder once."""
    place = tmp_path_factory.mktemp("gates")
    built = {}

    def build_once(name: str, *arguments: str) -> Build:
        if name not in built:
            extracts = small_extracts()
            for fault in dict.fromkeys([fault for fault, _, _ in FOLDERS.get(name, [])] or [WARNED.get(name)]):
                if fault is not None:
                    fault(extracts)
            for extract_name, rows in extracts.items():
                write(place / name, extract_name, rows)
            prepare(place / name, place / "prepared")
            done = run_dbt(
                "build", *SELECTION, *arguments,
                warehouse=place / "warehouse.duckdb", extracts=place / "prepared", ACCEPT=ACCEPTED.get(name, ""),
            )  # fmt: skip
            assert done.returncode == 0, done.output
            # One name for all builds, so that dbt parses the project once.
            done.warehouse.rename(place / f"{name}.duckdb")
            built[name] = Build(place / f"{name}.duckdb", done.returncode, done.output)
        return built[name]

    return build_once


def failed(build: Build) -> dict[str, str]:
    """The failed checks, each with its detail."""
    return dict(build.rows("""select "check", coalesce(detail, '') from marts.data_quality where outcome = 'failed'"""))


def test_sound_extracts_pass_every_gate_and_leave_what_the_next_build_is_compared_with(build):
    assert failed(build("sound")) == {}
    students = "select age, students from marts.build_measures where antigen is null order by age"
    assert build("sound").rows(students) == [(7, 12), (12, 12), (17, 12)]


@pytest.mark.parametrize(("name", "fault", "check", "says"), CASES, ids=["-".join(case[1:3]) for case in CASES])
def test_faults_that_come_together_are_each_named_by_a_gate(build, name, fault, check, says):
    stopped = failed(build(name))
    assert check in stopped, f"{fault}: {stopped}"
    assert re.search(says, stopped[check]), f"{fault}: {stopped[check]}"


@pytest.mark.parametrize("name", few(FOLDERS, 2))
def test_what_is_said_of_faults_has_no_id(build, name):
    assert not re.search(r"\d{7}", " ".join(failed(build(name)).values()))


@long
def test_extracts_of_another_school_year_name_the_year_and_the_command(build):
    detail = failed(build("another_year", "--vars", "{school_year: 2019}"))["extracts_of_another_school_year"]
    assert "are of the school year 2018" in detail
    assert "icw build --school-year 2018" in detail


@long
def test_a_unit_to_come_and_an_agent_of_another_year_are_said_and_stop_nothing(build):
    done = build("units_to_come")
    assert failed(done) == {}
    said = dict(done.rows("""select "check", detail from marts.data_quality where outcome = 'warned'"""))
    assert said["schools_phu_to_come"] == (
        "Huron Perth Health Unit: 1 of 3; a unit from 2019-20 on; in 2018-19 it is Huron County Health Unit, "
        "Perth District Health Unit"
    )
    assert said["immunizations_agent_of_another_year"] == "'Prevnar 20': 8 of 180"
    findings = "select value, reason from assessment.data_quality_findings where check_name = 'schools_phu_to_come'"
    assert done.rows(findings) == [(
        "Huron Perth Public Health",
        "The public health unit exists only in later school years. It is not one of this school year, and education "
        "records of its schools are dropped.",
    )]
    # The agent stays in the list of those that the annex does not know, with its count.
    assert done.rows("select agent, records, nearest_agent from intermediate.int_unknown_agents") == [
        ("Prevnar 20", 8, None),
    ]


def test_an_accepted_check_stops_nothing_and_the_build_records_it(build):
    done = build("pages")
    names = "exemptions_orphan_client students_without_doses_by_unit"
    assert done.rows("select distinct accepted from marts.builds") == [(names,)]
    query = """select outcome from marts.data_quality where "check" = 'students_without_doses_by_unit'"""
    assert done.rows(query) != [("failed",)]


def test_a_name_in_accept_that_is_no_check_stops_with_the_nearest():
    problems = builder.problems_of_accept(["student_without_doses", "texts_cut_short"])
    assert len(problems) == 1
    assert "'student_without_doses' ('students_without_doses'?)" in problems[0]


def test_what_the_reader_lets_pass_by_name_is_known_to_accept():
    used = set()
    for module in Path(preparation.__file__).parent.glob("*.py"):
        used |= set(re.findall(r'is_accepted\("(\w+)"\)', module.read_text(encoding="utf-8")))
    assert used <= set(builder.READER_CHECKS)


def test_an_assessed_age_without_students_is_named_by_its_line(tmp_path):
    (tmp_path / "assessed_antigens.csv").write_text("antigen,age\nmeasles,7\nmeasles,6\n", encoding="utf-8")
    shutil.copy(ROOT / "seeds" / "annex" / "school_type_priorities.csv", tmp_path)
    (problem,) = check.problems_of_ages(tmp_path)
    assert problem.startswith("seeds/annex/assessed_antigens.csv: line 3: age is 6; students are 7 to 17 years old")
