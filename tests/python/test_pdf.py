"""The printed report: its contents, its heads and its tags."""

import re

import pikepdf
import pytest
from conftest import long
from pages import Page
from pdfs import empty_headings, fonts_of, headings_of, outline_of, pages_of, tags_of, violations, words

from immunization_coverage.report import document
from immunization_coverage.report.language import LANGUAGES, Language
from immunization_coverage.report.printing import contents_of, find_browser, numbered, print_pdf
from immunization_coverage.report.warehouse import Warehouse

FOOT = {"en": r"Page (\d+) of (\d+)", "fr": r"Page (\d+) de (\d+)"}


@pytest.fixture(scope="module", params=LANGUAGES)
def printed(request, browser, demonstration, tmp_path_factory):
    """Language, page and PDF of the internal report."""
    page = tmp_path_factory.mktemp("printed") / "report.html"
    page.write_text(document.render(Warehouse(demonstration.warehouse), request.param), encoding="utf-8")
    pdf = page.with_suffix(".pdf")
    print_pdf(find_browser(), page, pdf, private=True)
    return request.param, page, pdf


def pressed(text: str) -> str:
    """Without spaces and hyphens: a reader of PDFs infers spaces from distances, and hyphens at the end of a line."""
    return re.sub(r"[\s\x02\xad\ufffe-]", "", text)


def body(lines: list[str]) -> list[str]:
    """The lines of a page without its head and foot."""
    return [line for line in lines if not re.search("|".join(FOOT.values()), line)]


@long
def test_the_contents_have_the_pages_on_which_the_headings_are(printed):
    code, page, pdf = printed
    pages = pages_of(pdf)
    bookmarks = outline_of(pdf)
    contents = contents_of(page.read_text(encoding="utf-8"))
    assert [title for title, _ in bookmarks] == [entry.text for entry in contents]
    assert len(contents) > 40
    joined = [pressed(" ".join(lines)) for lines in pages]
    first = next(number for number, text in enumerate(joined) if Language(code)("report.contents") in text)
    listed = "".join(joined[first : first + 2])
    for title, number in bookmarks:
        assert f"{pressed(title)}{number}" in listed, title
        # The number of a figure is below its title.
        text = re.sub(r"^Figure \d+ ", "", title)
        assert pressed(text) in joined[number - 1], (title, number)


@long
def test_every_page_has_its_head_and_its_number(printed):
    code, _, pdf = printed
    language = Language(code)
    pages = pages_of(pdf)
    for number, lines in enumerate(pages, start=1):
        text = " ".join(lines)
        assert re.search(FOOT[code], text).groups() == (str(number), str(len(pages)))
        assert language("report.document_title", school_year=language.school_year("2018-19")) in text
        assert language("report.internal") in text
    chapter = language("sections.methods")
    assert all(chapter in " ".join(lines) for lines in pages[-5:])


@long
def test_the_pdf_is_tagged_and_a_validator_finds_nothing(printed):
    code, page, pdf = printed
    assert pdf.stat().st_mode & 0o077 == 0
    assert violations(pdf) == "" and empty_headings(pdf) == 0
    tags = tags_of(pdf)
    assert tags["H2"] >= 10 and tags["Table"] > 30 and tags["TH"] > 300 and tags["Figure"] >= 2
    with pikepdf.open(pdf) as opened:
        assert opened.Root.Lang == code
        assert opened.Root.ViewerPreferences.DisplayDocTitle
        with opened.open_metadata() as metadata:
            assert metadata["dc:title"] == re.search("<title>(.*)</title>", page.read_text(encoding="utf-8"))[1]
            assert metadata["pdfuaid:part"] == "1"
        assert "Chrome" not in str(opened.docinfo.get("/Creator", ""))


@long
def test_fonts_are_embedded_outlines(printed):
    fonts = fonts_of(printed[2])
    assert fonts
    for kind, name, is_embedded in fonts:
        assert kind.startswith("/CIDFontType") and is_embedded, name
    assert {"Regular", "SemiBold"} <= {name.rpartition("-")[2] for _, name, _ in fonts if "SourceSans" in name}


@long
def test_nothing_for_a_screen_is_printed(browser, printed):
    code, page, pdf = printed
    language = Language(code)
    text = " ".join(" ".join(lines) for lines in pages_of(pdf))
    for sign in ("▶", "▸", "▾", "CSV", words(language("units.choose")), words(language("units.all_maps_hint"))):
        assert sign not in text, sign
    # What a details element hides is printed, but for the data of figures.
    assert "HEP-3-3b" in text
    with Page(browser, 1280) as opened:
        opened.page.goto(page.as_uri())
        opened.page.emulate_media(media="print")
        seen = opened.page.eval_on_selector_all(
            "select, button, label, input, .data, .download, .skip, .languages, .rules > summary",
            "found => found.filter(one => one.checkVisibility()).map(one => one.outerHTML.slice(0, 80))",
        )
        assert seen == []


@long
def test_no_heading_is_alone_and_heads_are_repeated(printed):
    code, page, pdf = printed
    language = Language(code)
    headings = headings_of(page)
    pages = pages_of(pdf)
    for number, lines in enumerate(pages, start=1):
        assert body(lines)[-1] not in headings, (number, body(lines)[-1])
    first = next(n for n, lines in enumerate(pages) if n > 3 and language("methods.rules_title") in lines)
    for lines in pages[first:]:
        assert any(language("methods.applied") in line for line in lines)


def test_a_figure_that_is_continued_has_its_heads_again(browser, tmp_path):
    """Sixty rows of a figure's table and of its data's, in the styles of the page."""
    rows = "".join(
        f'<div class="row" role="row"><span role="rowheader">Row {n}</span><span class="track"></span>'
        f'<span role="cell" class="n">{n}</span></div>'
        for n in range(60)
    )
    head = (
        '<div class="head" role="row"><span role="columnheader">Name</span><span class="track"></span>'
        '<span role="columnheader" class="n">Percent</span></div>'
    )
    table = "".join(f"<tr><th scope=row>Line {n}</th><td>{n}</td></tr>" for n in range(60))
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><html lang=en><title>Heads</title><style>{document.font_faces()}{document.style()}</style>"
        f"<figure><figcaption><h3>Long</h3></figcaption><div class='dots columns-1' role=table aria-label=Long>"
        f"{head}{rows}</div></figure><figure><div class=scroll><table class=years><thead><tr><th>Year</th>"
        f"<th>Number</th></tr></thead><tbody>{table}</tbody></table></div></figure></html>",
        encoding="utf-8",
    )
    print_pdf(find_browser(), page, tmp_path / "page.pdf", private=False)
    text = [pressed("".join(lines)) for lines in pages_of(tmp_path / "page.pdf")]
    assert len(text) > 2
    for one in text:
        assert ("Row" in one) == ("Name" in one and "Percent" in one), one
        assert ("Line" in one) == ("Year" in one and "Number" in one), one


@long
def test_the_goal_is_told_without_colour(browser, demonstration, tmp_path):
    """On paper, what reaches its goal has an outline in every drawing that shows categories by colour."""
    page = tmp_path / "report.html"
    page.write_text(document.render(Warehouse(demonstration.warehouse), "en"), encoding="utf-8")
    with Page(browser, 1280) as opened:
        opened.page.goto(page.as_uri())
        opened.page.emulate_media(media="print")
        for drawing, outline in (
            (".tile{} rect", "stroke"), (".small rect{}", "stroke"), (".matrix td{}", "boxShadow"),
            (".category-counts .key{}", "boxShadow"),
        ):  # fmt: skip
            styles = [
                opened.page.eval_on_selector(drawing.format(kind), f"found => getComputedStyle(found).{outline}")
                for kind in (".c5", ".c1")
            ]
            assert styles[0] != "none" and styles[1] == "none", drawing


def test_numbers_of_pages_are_filled_in_once():
    text = '<a href="#a">A</a> <span class="page-number" data-of="a"></span>'
    assert numbered(text, {}) == text
    assert numbered(text, {"a": 12}).endswith('data-of="a">12</span>')
