"""Writes the annual report: one self-contained HTML file per language, and its PDF by Chromium."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from immunization_coverage.report.beyond import beyond
from immunization_coverage.report.boundaries import Boundaries, read_boundaries
from immunization_coverage.report.change import change
from immunization_coverage.report.errors import ReportError
from immunization_coverage.report.health_unit import health_unit
from immunization_coverage.report.language import LANGUAGES, Language, sort_key
from immunization_coverage.report.over_years import over_years
from immunization_coverage.report.sections import (
    Report,
    Section,
    all_ispa,
    assignment,
    exemptions,
    methods,
    province,
    quality,
    schools,
    series,
    taken_over,
    units,
    years_of,
)
from immunization_coverage.report.summary import summary
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, select
from immunization_coverage.warehouse import warehouse_path

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
SCRATCH = "coverage_report_"
SECTIONS: list[Callable[[Report], Section | None]] = [
    summary, province, units, schools, all_ispa, series, exemptions, over_years, change, beyond, health_unit,
    assignment, quality, methods,
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")


def templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def font_faces() -> str:
    faces = {"Source Sans 3": "source-sans-3.woff2", "Source Serif 4": "source-serif-4.woff2"}
    return "".join(
        f'@font-face{{font-family:"{family}";font-weight:200 900;src:url(data:font/woff2;base64,'
        f'{base64.b64encode((HERE / "fonts" / file).read_bytes()).decode("ascii")}) format("woff2")}}\n'
        for family, file in faces.items()
    )


def style() -> Markup:
    sheets = [TEMPLATES / f"{name}.css" for name in ("figures", "page")]
    return Markup("".join(sheet.read_text(encoding="utf-8") for sheet in sheets))


def running_head(text: str) -> Markup:
    """The notice at the head of every printed page but the first, which has it larger."""
    quoted = text.replace("\\", "").replace('"', "")
    font = 'font: 8pt "Source Sans 3", sans-serif; color: #57616b;'
    return Markup(
        f'@page {{ @top-left {{ content: "{quoted}"; {font} }} }} @page :first {{ @top-left {{ content: none; }} }}'
    )


def file_name(warehouse: Warehouse, language: str) -> str:
    """The name of an internal report says so, so that it is not sent by mistake; that of a what-if, too."""
    year = warehouse.year
    definitions = "" if year.is_as_reported else f"-by-{year.definitions.replace(', recorded by ', '-recorded-by-')}"
    audience = "" if warehouse.release else "-internal"
    return f"immunization-coverage-{warehouse.school_year}{definitions}{audience}-{language}.html"


def notice(warehouse: Warehouse, language: Language) -> str:
    """The notice that the report is internal or safe to publish, and that it is a what-if."""
    said = language("report.internal")
    if warehouse.suppress_below is not None:
        said = language("report.release", threshold=language.number(warehouse.suppress_below))
    return said if warehouse.year.is_as_reported else f"{language.what_if(warehouse.year)} {said}"


def population(warehouse: Warehouse, language: Language) -> str:
    """The number of students in each full cohort, and the annex whose definitions apply."""
    in_province = select(warehouse.coverage, geography="province")
    sizes: dict[int, int | None] = {}
    joined: Callable[[list[str]], str]
    for age in warehouse.cohorts:
        # Most antigens of a cohort are assessed for all of its students.
        of_antigens = [row["students"] for row in select(in_province, age=age)]
        sizes[age] = max(of_antigens, key=lambda size: (of_antigens.count(size), size or 0))
    if None in sizes.values():
        key, joined = "report.population_withheld", "; ".join
        parts = [
            language("report.population_cohort", age=age, students=number_or_withheld(language, size))
            for age, size in sizes.items()
        ]
    else:
        key, joined = "report.population", language.joined
        parts = [
            language(f"report.population_{'other' if place else 'first'}", age=age, students=language.number(size))
            for place, (age, size) in enumerate(sizes.items())
        ]
    said = language(key, cohorts=joined(parts), **years_of(warehouse, language))
    return f"{said}{taken_over(warehouse, language)}"


def scope_sentence(report: Report) -> str:
    """That the data hold only a part of the province, by the shorter of two lists; empty where they hold all of it."""
    scope, language = report.scope, report.language
    if scope.kind == "province":
        return ""
    held = sorted((language.phu(unit) for unit in scope.units), key=sort_key)
    lacking = sorted((language.phu(unit) for unit in scope.lacking), key=sort_key)
    is_shorter = scope.kind == "units" and len(lacking) < len(held)
    names = {"names": language.joined(lacking if is_shorter else held), "total": language.number(scope.total)}
    return language(f"scope.{scope.kind}{'_lacking' if is_shorter else ''}", places=language.number(len(held)), **names)


def number_or_withheld(language: Language, size: int | None) -> str:
    return language("withheld") if size is None else language.number(size)


def render(warehouse: Warehouse, language_code: str, boundaries: Boundaries | None = None) -> str:
    """The report in one language, as one HTML document."""
    report = Report(warehouse, Language(language_code), boundaries)
    warehouse, language = report.warehouse, report.language
    other = next(code for code in LANGUAGES if code != language_code)
    numbers = count(1)
    sections = [section for build in SECTIONS if (section := build(report)) is not None]
    return (
        templates()
        .get_template("report.html")
        .render(
            t=language,
            year=language.school_year(warehouse.school_year),
            school_year=warehouse.school_year,
            release=warehouse.release,
            notice=notice(warehouse, language),
            build=warehouse.build,
            population=population(warehouse, language),
            scope=scope_sentence(report),
            sections=sections,
            boundaries=boundaries,
            few_students=FEW_STUDENTS,
            next_number=lambda: next(numbers),
            other_file=file_name(warehouse, other),
            other_code=other,
            fonts=Markup(font_faces()),
            running_head=running_head(notice(warehouse, language)),
            style=style(),
            script=Markup((TEMPLATES / "script.js").read_text(encoding="utf-8")),
        )
    )


def find_browser() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def remove_leftovers() -> None:
    """Removes the folders of killed report runs; each is named after its process."""
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*_*"):
        process = folder.name.removeprefix(SCRATCH).partition("_")[0]
        with contextlib.suppress(OSError):
            is_mine = not hasattr(os, "geteuid") or folder.lstat().st_uid == os.geteuid()
            if is_mine and process.isdigit() and not Path(f"/proc/{process}").exists() and Path("/proc/self").exists():
                shutil.rmtree(folder)


def print_pdf(browser: str, page: Path, pdf: Path, private: bool) -> None:
    """Prints the page as a PDF, tagged for screen readers, in one step. Raises RuntimeError if the browser fails."""
    # Chromium's sandbox does not start for root, who runs containers.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}_") as folder:
        printed = Path(folder) / "report.pdf"
        command = [
            browser, "--headless", *(["--no-sandbox"] if is_root else []), "--disable-gpu",
            "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile",
            # The page needs no network, and the browser must not make requests of its own.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--no-pdf-header-footer", "--generate-pdf-document-outline", f"--print-to-pdf={printed}",
            page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"{browser} wrote no PDF: {type(error).__name__}.") from error
        if done.returncode or not printed.is_file():
            raise RuntimeError(f"{browser} wrote no PDF (exit status {done.returncode}).")
        printed.chmod(0o600 if private else 0o644)
        shutil.move(printed, pdf)


def write(path: Path, text: str, private: bool) -> None:
    """Writes in one step; `private`: only its owner may read it, as it has small counts."""
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o600 if private else 0o644)
    partial.replace(path)


def main(
    output: Path,
    release: bool = False,
    pdf: bool = True,
    school_year: str | None = None,
    definitions: str | None = None,
) -> int:
    try:
        warehouse = Warehouse(warehouse_path(), release, school_year, definitions)
        named = os.environ.get("PHU_BOUNDARIES")
        boundaries = read_boundaries(named, warehouse.phus) if named else None
        is_new = not output.exists()
        output.mkdir(parents=True, exist_ok=True)
        if is_new and release:
            output.chmod(0o755)
        browser = find_browser() if pdf else None
        for code in LANGUAGES:
            page = output / file_name(warehouse, code)
            write(page, render(warehouse, code, boundaries), private=not release)
            print(page)
            if browser:
                printed = page.with_suffix(".pdf")
                print_pdf(browser, page, printed, private=not release)
                print(printed)
        if pdf and not browser:
            print("No PDF was written: Chromium was not found. Print the page from a browser, or name one in CHROMIUM.")
    except (ReportError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
