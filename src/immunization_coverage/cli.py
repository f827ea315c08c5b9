"""The command line. Its options set environment variables, which the project's modules and dbt read."""

import importlib.util
import os
import shlex
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from immunization_coverage import PROJECT_VARIABLE

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # A full traceback would show values of rows.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Warehouse = Annotated[
    Path | None,
    typer.Option(
        envvar="WAREHOUSE_PATH",
        metavar="FILE",
        help="The DuckDB file; without it, warehouse.duckdb in the project's folder.",
    ),
]
Meanings = Annotated[
    Path | None,
    typer.Option(
        "--column-meanings",
        envvar="COLUMN_MEANINGS",
        metavar="FILE",
        help="A CSV file of values that mean a row is not in force, in addition to seeds/quality/column_meanings.csv.",
    ),
]
Boundaries = Annotated[
    Path | None,
    typer.Option(envvar="PHU_BOUNDARIES", metavar="FILE", help="A GeoJSON file of public health units' boundaries."),
]


class Form(StrEnum):
    panorama = "panorama"
    immuknow = "immuknow"


class What(StrEnum):
    students = "students"
    doses = "doses"
    coverage = "coverage"
    newly_compliant = "newly_compliant"


def examples(*lines: str) -> str:
    return "\n\n".join(["**Examples**", *lines])


def put(**settings: object) -> None:
    """Sets the environment variables of the options that are given; the others keep their values."""
    os.environ |= {name: str(value) for name, value in settings.items() if value is not None}


def require(module: str, sentence: str) -> None:
    """Ends the program with a sentence where an optional package is not installed."""
    if importlib.util.find_spec(module) is None:
        typer.echo(sentence, err=True)
        raise typer.Exit(1)


def keep_private() -> None:
    """Makes new files readable by their owner only, and has temporary folders removed on SIGTERM."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(version("immunization-coverage-warehouse"))
        raise typer.Exit


@app.callback(
    epilog=examples(
        "icw build --extracts /secure/extracts --warehouse /secure/2018.duckdb --school-year 2018",
        "icw --project /opt/immunization-coverage doctor",
    ),
)
def icw(
    project: Annotated[
        Path | None,
        typer.Option(
            envvar=PROJECT_VARIABLE,
            metavar="FOLDER",
            help="The project's folder; without it, the current folder or one above it, else the installed checkout.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Build Ontario's school immunization coverage from extracts, by the definitions of the technical annex.

    Every command has a page: icw build --help. Options override the environment variables that are named beside them.
    """
    if project is not None:
        os.environ[PROJECT_VARIABLE] = str(project.absolute())


@app.command(
    context_settings=PASSED_ON,
    epilog=examples(
        "icw build    (the demonstration)",
        "icw build --extracts /secure/extracts --school-year 2018 --as-of 2019-03-01",
        "icw build --years 2016 --years 2017 --years 2018    (each from /secure/extracts/2016 …)",
        "icw build --school-year 2018 --definitions-of 2017    (a what-if, added beside the year)",
        "icw build --accept students_without_doses --time-limit 2h",
        "icw build --vars '{suppress_below: 11}' --select int_series+",
    ),
)
def build(
    context: typer.Context,
    extracts: Annotated[
        Path | None,
        typer.Option(envvar="EXTRACTS_DIR", metavar="FOLDER", help="The extracts; without it, the demonstration."),
    ] = None,
    warehouse: Warehouse = None,
    school_year: Annotated[
        int | None, typer.Option(metavar="YEAR", help="The first year of the school year: 2018 is 2018-19.")
    ] = None,
    years: Annotated[
        list[int] | None,
        typer.Option(
            envvar="YEARS",
            metavar="YEAR",
            help="Instead of --school-year; may be repeated. Each year from its own folder below the extracts "
            "(2016/, 2017/), or all from one export of the last year.",
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DAY", help="The day of the overdue list; without it, the school year's end.")
    ] = None,
    definitions_of: Annotated[
        int | None,
        typer.Option(
            metavar="YEAR",
            help="Whose definitions are taken instead of the year's own, by its first year. The rows are added beside "
            "those of the year, and say so in the column definitions.",
        ),
    ] = None,
    keep_assessment: Annotated[
        list[int] | None,
        typer.Option(
            envvar="KEEP_ASSESSMENT",
            metavar="YEAR",
            help="An earlier school year whose person-level tables are kept, in a schema such as assessment_2017_18; "
            "may be repeated. Without it, those of the year that is built alone.",
        ),
    ] = None,
    change: Annotated[
        bool,
        typer.Option(
            "--change/--no-change",
            envvar="COVERAGE_CHANGE",
            help="Whether to find out why coverage moved since the school year before, if the warehouse has it.",
        ),
    ] = True,
    variables: Annotated[
        str | None, typer.Option("--vars", metavar="YAML", help="Any of dbt's vars, such as '{suppress_below: 11}'.")
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(envvar="ACCEPT", metavar="CHECK", help="A check that does not stop this build; may be repeated."),
    ] = None,
    meanings: Meanings = None,
    group: Annotated[
        str | None, typer.Option(envvar="WAREHOUSE_GROUP", metavar="NAME", help="The group that may read the file.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(envvar="WAREHOUSE_MODE", help="0600 (its owner alone), 0640 (with a group) or 0660.")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(envvar="TIME_LIMIT", metavar="TIME", help="How long dbt may take, such as 90m or 2h.")
    ] = None,
    memory_limit: Annotated[
        str | None,
        typer.Option(envvar="DUCKDB_MEMORY_LIMIT", metavar="SIZE", help="How much memory DuckDB may use, such as 8GB."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", envvar="VERBOSE", help="Print every line of dbt's output, not only in its log.")
    ] = False,
) -> None:
    """Build a school year with all its data tests, and publish it in one step.

    The warehouse keeps every school year that was built; a build replaces its own. Readers see the last good build or
    the new one. Further arguments go to dbt build.

    **Exit status**: 0 published; 1 not published, the warehouse is as it was; 2 a wrong argument; 3 another
    build of it is running; 128 and the signal's number where a signal stopped it. docs/operations.md says more.
    """
    from immunization_coverage.build import builder, settings

    put(
        EXTRACTS_DIR=extracts, WAREHOUSE_PATH=warehouse, ACCEPT=" ".join(accept) if accept else None,
        COLUMN_MEANINGS=meanings,
        WAREHOUSE_GROUP=group, WAREHOUSE_MODE=mode, TIME_LIMIT=time_limit, DUCKDB_MEMORY_LIMIT=memory_limit,
        VERBOSE="1" if verbose else None, YEARS=" ".join(map(str, years)) if years else None,
        KEEP_ASSESSMENT=" ".join(map(str, keep_assessment)) if keep_assessment else None,
        COVERAGE_CHANGE="1" if change else "0",
    )  # fmt: skip
    try:
        arguments = [*settings.vars_argument(
            variables, school_year=school_year, as_of=as_of, definitions_of=definitions_of
        ), *context.args]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(builder.main(arguments))


@app.command(epilog=examples("icw remove 2016"))
def remove(
    school_year: Annotated[int, typer.Argument(metavar="YEAR", help="The first year of the school year.")],
    warehouse: Warehouse = None,
    definitions: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Only its rows by other definitions, as definitions says them: 2017-18."),
    ] = None,
) -> None:
    """Remove a school year from the warehouse; the others are unchanged.

    The year that was built last cannot be removed, because the person-level tables are of that year.

    **Exit status**: 0 removed; 1 not removed, the warehouse is as it was; 3 a build of it is running.
    """
    from immunization_coverage.build import builder

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(builder.main([], removed=(school_year, definitions)))


@app.command(
    epilog=examples(
        "icw report",
        "icw report --release --output /public/reports",
        "icw report --warehouse /secure/2018.duckdb --boundaries /maps/units.geojson --no-pdf",
        "icw report --units    (a sheet for each public health unit)",
        "icw report --unit Toronto --unit PL --schools",
    ),
)
def report(
    warehouse: Warehouse = None,
    output: Annotated[
        Path | None,
        typer.Option(
            envvar="REPORT_DIR", metavar="FOLDER", help="The report's folder; without it, reports/ of the project."
        ),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", envvar="RELEASE", help="Show what was published, small counts withheld.")
    ] = False,
    school_year: Annotated[
        int | None, typer.Option(metavar="YEAR", help="The first year of the school year; without it, the last.")
    ] = None,
    definitions: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The year by other definitions, as definitions says them: 2017-18."),
    ] = None,
    units: Annotated[
        bool, typer.Option("--units", help="Instead of the report, a sheet of two pages for each public health unit.")
    ] = False,
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="UNIT", help="The sheet of this public health unit only, by id or name; may be repeated."),
    ] = None,
    schools: Annotated[
        bool,
        typer.Option(
            "--schools", envvar="SCHOOLS", help="Sheets name schools below the goal, for users who may see schools."
        ),
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="Also print each page as a PDF; needs Chromium.")] = True,
    boundaries: Boundaries = None,
    chromium: Annotated[
        Path | None, typer.Option(envvar="CHROMIUM", metavar="FILE", help="The browser; without it, one on the PATH.")
    ] = None,
) -> None:
    """Write the annual report, or a sheet for each public health unit, HTML and PDF in English and French.

    Without --release the report is internal: it has every count, and its file name says so.

    **Exit status**: 0 written; 1 not written, with a sentence.
    """
    from immunization_coverage.project import ROOT
    from immunization_coverage.report import document
    from immunization_coverage.years import label_of

    keep_private()
    put(WAREHOUSE_PATH=warehouse, PHU_BOUNDARIES=boundaries, CHROMIUM=chromium)
    label = None if school_year is None else label_of(school_year)
    named = list(unit or ()) if units or unit else None
    raise typer.Exit(document.main(output or ROOT / "reports", release, pdf, label, definitions, named, schools))


@app.command(
    context_settings=PASSED_ON,
    epilog=examples(
        "icw explore",
        "icw explore --warehouse 2016.duckdb --warehouse 2018.duckdb",
        "icw explore --explain --port 8502",
    ),
)
def explore(
    context: typer.Context,
    warehouses: Annotated[
        list[Path] | None,
        typer.Option(
            "--warehouse",
            metavar="FILE",
            show_envvar=False,
            help="A DuckDB file or a folder of such files; may be repeated, for trends over school years. "
            "[env var: WAREHOUSES, WAREHOUSE_PATH]",
        ),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", envvar="RELEASE", help="Show what was published, small counts withheld.")
    ] = False,
    schools: Annotated[
        bool, typer.Option("--schools", envvar="SCHOOLS", help="Add coverage by school, for users who may see schools.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", envvar="EXPLAIN", help="Add one student's verdicts and the overdue lists.")
    ] = False,
    boundaries: Boundaries = None,
    port: Annotated[int | None, typer.Option(help="The port; without it, 8501 or the next free one.")] = None,
) -> None:
    """Open the explorer in a browser: any measure by year, age, antigen and public health unit.

    It is read-only and listens on this computer only. Further arguments go to streamlit run. Ctrl-C ends it.
    """
    from immunization_coverage.explorer import start

    require("streamlit", "The explorer needs Streamlit: make explore installs it, or pip install '.[explore]'.")
    put(
        WAREHOUSES=shlex.join(map(str, warehouses)) if warehouses else None, PHU_BOUNDARIES=boundaries,
        RELEASE="1" if release else None, SCHOOLS="1" if schools else None, EXPLAIN="1" if explain else None,
    )  # fmt: skip
    start.main([*([f"--server.port={port}"] if port else []), *context.args])


@app.command(
    epilog=examples(
        "icw publish",
        "icw publish /public/2018 --warehouse /secure/2018.duckdb",
        "icw publish --years 2017 --years 2018",
        "icw publish --again --earlier /public/march",
    ),
)
def publish(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The folder for the files; without it, published/ of the project.", show_default=False),
    ] = None,
    warehouse: Warehouse = None,
    years: Annotated[
        list[int] | None,
        typer.Option(
            "--years",
            "--school-year",
            envvar="YEARS",
            metavar="YEAR",
            help="The first year of a school year to publish, may be repeated; without it, all of the warehouse.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Publish a year again, if no small count follows from both releases.")
    ] = False,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(metavar="RELEASE", help="The folder or file of a release published elsewhere; may be repeated."),
    ] = None,
) -> None:
    """Write the files that are safe to publish: Parquet, CSV, a read-only DuckDB file, a README.

    One release has every school year of the warehouse, each from one build. They are attacked first, each beside the
    others: a small count that can be derived is withheld, or nothing is published. The folder is replaced as a whole;
    one that holds other files than those of a release is left alone. Each release is kept beside the warehouse: a
    school year that was published before is published as it was, and refused without --again if its counts differ.

    **Exit status**: 0 published; 1 not published, the folder is as it was; 2 a wrong argument.
    """
    from immunization_coverage.project import ROOT
    from immunization_coverage.release import publish

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(publish.main(folder or ROOT / "published", again, earlier or (), years or ()))


@app.command(epilog=examples("icw attack --warehouse /secure/2018.duckdb"))
def attack(warehouse: Warehouse = None) -> None:
    """Attack the tables of published and schools by differencing, and list what is not safe to publish.

    Every school year is attacked together with those before it, the schools of the last build alone.
    icw publish runs the same attack before it writes, and withholds what it finds; this command lists every finding,
    never with its count.

    **Exit status**: 0 nothing found; 1 a small count can be derived, or there is nothing to attack.
    """
    from immunization_coverage.release import attack

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(attack.main())


@app.command(epilog=examples("icw explain 1628025630", "icw explain 1628025630 1234567890 | less"))
def explain(
    clients: Annotated[list[str] | None, typer.Argument(metavar="CLIENT_ID", show_default=False)] = None,
    warehouse: Warehouse = None,
) -> None:
    """Explain one student's verdicts: every dose, the rule that counted or refused it, and what is missing.

    The first three lines are what the student is up to date for, what is overdue and why, and the next visit. Then
    follow the education records, exemptions and records of immunity; for each antigen the criterion, and for each
    schedule every dose with its slot or the reason of its refusal, the rule's sentence and the dates that it compares;
    if the student is not up to date, the nearest criterion and the next dose; and the records that count for no
    antigen. For a client who is not a student of the warehouse, it prints the records and the reason. The output is
    about a person: it is printed to the terminal and written nowhere else.

    **Exit status**: 0 all explained; 1 a client is not a student of the warehouse, or there is no warehouse.
    """
    from immunization_coverage.explain import student

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(student.main(clients or []))


@app.command(
    epilog=examples(
        "icw compare students --with march.duckdb",
        "icw compare newly_compliant --with march.duckdb --output /secure/newly_compliant.csv",
    ),
)
def compare(
    what: Annotated[
        What,
        typer.Argument(
            help="students: whose status differs; doses: whose verdict differs; coverage: largest change first; "
            "newly_compliant: students who left the ISPA list.",
        ),
    ],
    earlier: Annotated[
        Path | None,
        typer.Option("--with", envvar="COMPARE_WITH", metavar="FILE", help="The earlier warehouse."),
    ] = None,
    warehouse: Warehouse = None,
    limit: Annotated[int, typer.Option(metavar="N", help="How many rows are printed; 0 for all.")] = 20,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="A CSV file for all rows, unrounded, readable by you only."),
    ] = None,
) -> None:
    """Compare the warehouse with an earlier one; both are opened read-only.

    All but coverage is person-level: it goes to the terminal or the file that you name, and to no log.

    **Exit status**: 0 compared; 1 nothing was compared, with a sentence; 2 a wrong argument.
    """
    from immunization_coverage import compare

    put(WAREHOUSE_PATH=warehouse, COMPARE_WITH=earlier)
    raise typer.Exit(compare.main(what.value, limit, output))


@app.command(
    epilog=examples(
        "icw lists /secure/list.xlsx --names /secure/names.csv",
        "icw lists /secure/list.csv --form immuknow --phu TPH",
    ),
)
def lists(
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="The .xlsx or .csv file, readable by you only.")],
    warehouse: Warehouse = None,
    names: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Names and addresses (.csv, .xlsx): Client Id, First Name, Last Name, and any of Street Address "
            "Line 1, Street Address Line 2, City, Province/Territory, Postal Code. The warehouse does not store them.",
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option(help="Columns as Panorama exports them, or as ImmuKnow's own input schema has them.")
    ] = Form.panorama,
    phu: Annotated[str | None, typer.Option(metavar="ID", help="Only students of this public health unit.")] = None,
    school: Annotated[str | None, typer.Option(metavar="ID", help="Only students of this school.")] = None,
    not_yet_due: Annotated[
        bool, typer.Option("--not-yet-due", help="Also students for whom no dose would count yet on the list's day.")
    ] = False,
) -> None:
    """Write the students who are overdue under ISPA, in the input format of ImmuKnow, the notice generator.

    The list is for the build's --as-of day; without one, as of the end of the school year. A workbook has a second
    sheet with each student's next visit. Use .xlsx if a spreadsheet will open the list: it drops the leading zeros of
    ids in a .csv.

    **Exit status**: 0 written; 1 nothing was written, with a sentence.
    """
    from immunization_coverage.lists import immuknow

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(immuknow.main(immuknow.Options(output, names, form.value, phu, school, not_yet_due)))


@app.command(epilog=examples("icw rules", "icw rules /tmp/edited/seeds"))
def rules(
    seeds: Annotated[
        Path | None, typer.Argument(help="A folder of seeds; without it, the project's.", show_default=False)
    ] = None,
) -> None:
    """Check the rule tables: each problem with file and line, and each entry that an antigen or an age lacks.

    If there are no problems, missing optional entries are listed.

    **Exit status**: 0 no problems; 1 problems that would stop a build.
    """
    from immunization_coverage.rules import check

    raise typer.Exit(check.main(seeds or check.SEEDS))


@app.command(epilog=examples("icw prepare /secure/extracts /secure/prepared"))
def prepare(
    folder: Annotated[Path, typer.Argument(help="The folder of the extracts.")],
    output: Annotated[Path, typer.Argument(help="The folder for the Parquet files, one for each extract.")],
    headers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The column map; without it, seeds/quality/extract_headers.csv.")
    ] = None,
) -> None:
    """Read extracts in the forms that people export, and write each as one Parquet file, as icw build does first.

    docs/extracts.md lists what is read and what stops, and the columns: others are left out.

    **Exit status**: 0 written; 2 the extracts are refused, with a sentence for each problem, and the output folder is
    as it was.
    """
    from immunization_coverage.extracts import command

    raise typer.Exit(command.main(folder, output, headers))


@app.command(
    context_settings=PASSED_ON | {"help_option_names": []},
    add_help_option=False,
    options_metavar="",
    epilog=examples("icw metrics query --metrics coverage --group-by age,antigen", "icw metrics list metrics"),
)
def metrics(context: typer.Context) -> None:
    """Query metrics with MetricFlow's own command line, mf, without its look-up on the internet."""
    require("dbt_metricflow", "Metrics need MetricFlow: make setup installs it, or pip install '.[metrics]'.")
    from immunization_coverage import metrics

    metrics.main(context.args)


@app.command(epilog=examples("icw docs --warehouse /secure/2018.duckdb"))
def docs(warehouse: Warehouse = None) -> None:
    """Write the catalogue of tables, columns, lineage and metrics as one page: target/static_index.html."""
    from immunization_coverage import catalogue

    put(WAREHOUSE_PATH=warehouse)
    raise typer.Exit(catalogue.main())


@app.command(epilog=examples("icw doctor", "icw doctor --extracts /secure/extracts --warehouse /secure/2018.duckdb"))
def doctor(
    extracts: Annotated[
        Path | None,
        typer.Option(envvar="EXTRACTS_DIR", metavar="FOLDER", help="The extracts; without it, none are read."),
    ] = None,
    warehouse: Warehouse = None,
    meanings: Meanings = None,
) -> None:
    """Say what is installed and what is missing for which feature, and whether extracts and warehouse can be read.

    Nothing is built. The extracts are read in full, as by a build; the files that this needs are in a temporary folder
    beside the warehouse, and are removed at the end.

    **Exit status**: 0 a build can start; 1 something that it needs is missing.
    """
    from immunization_coverage import doctor

    keep_private()
    put(EXTRACTS_DIR=extracts, WAREHOUSE_PATH=warehouse, COLUMN_MEANINGS=meanings)
    raise typer.Exit(doctor.main())
