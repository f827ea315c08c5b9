"""Writes the annual report: one self-contained HTML file per language, and its PDF."""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from itertools import count
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from immunization_coverage.build.progress import Progress
from immunization_coverage.report.beyond import beyond
from immunization_coverage.report.boundaries import Boundaries, read_boundaries
from immunization_coverage.report.change import change
from immunization_coverage.report.errors import ReportError
from immunization_coverage.report.health_unit import health_unit
from immunization_coverage.report.language import LANGUAGES, Language, sort_key
from immunization_coverage.report.over_years import over_years
from immunization_coverage.report.printing import find_browser, print_pdf
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
from immunization_coverage.report.sheets import Sheet, Units
from immunization_coverage.report.summary import summary
from immunization_coverage.report.warehouse import FEW_STUDENTS, Warehouse, select
from immunization_coverage.warehouse import warehouse_path

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
# A file for each weight: Chromium does not embed the outlines of variable fonts in a PDF.
FONTS = [
    (family, weights, characters, f"{file}-{weight}.woff2")
    for family, name in (("Source Sans 3", "sans-3"), ("Source Serif 4", "serif-4"))
    for weight, weights in ((400, "200 500"), (600, "600 900"))
    for file, characters in ((f"source-{name}", ""), (f"dagger-{name}", "unicode-range:U+2020;"))
]
SECTIONS: list[Callable[[Report], Section | None]] = [
    summary, province, units, schools, all_ispa, series, exemptions, over_years, change, beyond, health_unit,
    assignment, quality, methods,
]  # fmt: skip


@cache
def templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def font_faces() -> str:
    return "".join(
        f'@font-face{{font-family:"{family}";font-weight:{weights};{characters}src:url(data:font/woff2;base64,'
        f'{base64.b64encode((HERE / "fonts" / file).read_bytes()).decode("ascii")}) format("woff2")}}\n'
        for family, weights, characters, file in FONTS
    )


def style(*further: str) -> Markup:
    sheets = [TEMPLATES / f"{name}.css" for name in ("figures", "page", *further)]
    return Markup("".join(sheet.read_text(encoding="utf-8") for sheet in sheets))


def css_text(text: str) -> str:
    """A string of CSS; nothing in it ends the string or the style element."""
    return '"' + re.sub(r'[\\"<>\n]', lambda found: f"\\{ord(found[0]):x} ", text) + '"'


def running_heads(language: Language, notice: str, title: str, chapters: dict[str, str]) -> Markup:
    """The margins of printed pages: notice and chapter at the head, title and page number at the foot.

    Each chapter has pages of its own. The first page has the notice larger, and no head.
    """
    pages = css_text(language("report.page_of", page="[page]", pages="[pages]"))
    pages = pages.replace("[page]", '" counter(page) "').replace("[pages]", '" counter(pages) "')
    rules = [
        f"@page {{ @top-left {{ content: {css_text(notice)} }} @bottom-left {{ content: {css_text(title)} }} "
        f"@bottom-right {{ content: {pages} }} }}"
    ]
    for key, chapter in chapters.items():
        rules.append(f"@page {key} {{ @top-right {{ content: {css_text(chapter)} }} }} #{key} {{ page: {key} }}")
    rules.append("@page :first { @top-left { content: none } @top-right { content: none } }")
    return Markup("\n".join(rules))


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
    said = language(f"scope.{scope.kind}{'_lacking' if is_shorter else ''}", places=language.number(len(held)), **names)
    return said if scope.has_all else f"{said} {language('scope.elsewhere', count=len(scope.elsewhere))}"


def method(warehouse: Warehouse, language: Language) -> str:
    """The annex whose definitions apply."""
    said = language("sheet.method", **years_of(warehouse, language))
    return f"{said}{taken_over(warehouse, language)}"


def number_or_withheld(language: Language, size: int | None) -> str:
    return language("withheld") if size is None else language.number(size)


def render(warehouse: Warehouse, language_code: str, boundaries: Boundaries | None = None) -> str:
    """The report in one language, as one HTML document."""
    report = Report(warehouse, Language(language_code), boundaries)
    warehouse, language = report.warehouse, report.language
    other = next(code for code in LANGUAGES if code != language_code)
    numbers = count(1)
    sections = [section for build in SECTIONS if (section := build(report)) is not None]
    environment = templates()
    year = language.school_year(warehouse.school_year)
    shared = {
        "t": language, "school_year": warehouse.school_year, "few_students": FEW_STUDENTS,
        "next_number": lambda: next(numbers), "sections": sections,
    }  # fmt: skip
    # The contents list what the chapters hold, so that these are drawn first.
    chapters: list[tuple[Section, Markup, list[tuple[str, ...]]]] = []
    for section in sections:
        headings: list[tuple[str, ...]] = []
        drawn = environment.get_template("section.html").render(
            shared, section=section, listed=lambda *heading, headings=headings: headings.append(heading)
        )
        chapters.append((section, Markup(drawn), headings))
    # The first chapter begins on the title page, which has no head.
    heads = {section.key: language(f"sections.{section.key}") for section in sections[1:]}
    return environment.get_template("report.html").render(
        shared,
        year=year,
        release=warehouse.release,
        notice=notice(warehouse, language),
        build=warehouse.build,
        population=population(warehouse, language),
        scope=scope_sentence(report),
        chapters=chapters,
        boundaries=boundaries,
        other_file=file_name(warehouse, other),
        other_code=other,
        fonts=Markup(font_faces()),
        running_heads=running_heads(
            language,
            notice(warehouse, language),
            language("report.document_title", school_year=year),
            {"contents": language("report.contents"), **heads},
        ),
        style=style(),
        script=Markup((TEMPLATES / "script.js").read_text(encoding="utf-8")),
    )


def render_sheet(units: Units, language: Language, phu: dict) -> str:
    """The sheet of one public health unit, as one HTML document."""
    warehouse, sheet = units.warehouse, Sheet(units, language, phu)
    year = language.school_year(warehouse.school_year)
    title = language("sheet.document_title", unit=sheet.name, school_year=year)
    other = next(code for code in LANGUAGES if code != language.code)
    return (
        templates()
        .get_template("sheet.html")
        .render(
            t=language,
            year=year,
            release=warehouse.release,
            notice=notice(warehouse, language),
            build=warehouse.build,
            sheet=sheet,
            coverage=sheet.coverage(),
            title=title,
            method=method(warehouse, language),
            other_file=sheet_name(warehouse, phu, other),
            other_code=other,
            fonts=Markup(font_faces()),
            style=style("sheet"),
            running_heads=running_heads(language, notice(warehouse, language), title, {}),
        )
    )


def sheet_name(warehouse: Warehouse, phu: dict, language: str) -> str:
    return file_name(warehouse, language).replace("immunization-coverage", f"immunization-coverage-{phu['phu_id']}")


def write_sheets(warehouse: Warehouse, output: Path, browser: str | None, names: list[str], schools: bool) -> None:
    """Writes the sheets of the units named, of all if none is, in each language; a few are printed at a time."""
    units = Units(warehouse, schools)
    chosen = units.named(names)
    pages = []
    for code in LANGUAGES:
        language = Language(code).within(warehouse.scope)
        for phu in chosen:
            page = output / sheet_name(warehouse, phu, code)
            write(page, render_sheet(units, language, phu), private=not warehouse.release)
            pages.append(page)
    if browser:
        progress = Progress()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            printed = [
                pool.submit(print_pdf, browser, page, page.with_suffix(".pdf"), not warehouse.release) for page in pages
            ]
            try:
                for done, one in enumerate(as_completed(printed), start=1):
                    one.result()
                    progress.step(done, len(pages), "PDF")
            except RuntimeError:
                pool.shutdown(cancel_futures=True)
                raise
            finally:
                progress.end()
    print(f"Sheets of {len(chosen)} public health units in {len(LANGUAGES)} languages: {output}")
    if not names and units.without_students:
        without = ", ".join(phu["phu_name"] for phu in units.without_students)
        print(f"No sheet for {len(units.without_students)} without students in a full cohort: {without}")


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
    units: list[str] | None = None,
    schools: bool = False,
) -> int:
    """Writes the report; the sheets of public health units instead if `units` is a list, of all if it is empty."""
    try:
        warehouse = Warehouse(warehouse_path(), release, school_year, definitions)
        named = os.environ.get("PHU_BOUNDARIES")
        boundaries = read_boundaries(named, warehouse.phus) if named else None
        is_new = not output.exists()
        output.mkdir(parents=True, exist_ok=True)
        if is_new and release:
            output.chmod(0o755)
        browser = find_browser() if pdf else None
        if units is not None:
            write_sheets(warehouse, output, browser, units, schools)
        for code in LANGUAGES if units is None else ():
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
