"""What tests ask of a PDF: its words by page, its fonts, and what a validator finds."""

import subprocess
import sys
from pathlib import Path

import pikepdf
import pypdfium2
from lxml import html

from immunization_coverage.report.printing import structure


def words(text: str) -> str:
    return " ".join(text.replace("\xad", "").replace("\ufffe", "-").split())


def pages_of(pdf: Path) -> list[list[str]]:
    """The lines of each page, from its head to its foot."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [
            [words(line) for line in page.get_textpage().get_text_bounded().splitlines() if line.strip()]
            for page in document
        ]
    finally:
        document.close()


def fonts_of(pdf: Path) -> list[tuple[str, str, bool]]:
    """Kind, name and whether the font's outlines are in the file."""
    found = []
    with pikepdf.open(pdf) as document:
        for font in document.objects:
            if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/Font" and "/FontDescriptor" not in font:
                drawn = font.DescendantFonts[0] if "/DescendantFonts" in font else font
                descriptor = drawn.get("/FontDescriptor", {})
                is_embedded = any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
                found.append((str(drawn.Subtype), str(drawn.get("/BaseFont", "")), is_embedded))
    return found


def tags_of(pdf: Path) -> dict[str, int]:
    with pikepdf.open(pdf) as document:
        kinds = [str(element.S).removeprefix("/") for element in structure(document)]
    return {kind: kinds.count(kind) for kind in set(kinds)}


def outline_of(pdf: Path) -> list[tuple[str, int]]:
    """Each bookmark with its page."""
    found: list[tuple[str, int]] = []
    with pikepdf.open(pdf) as document, document.open_outline() as outline:
        places = {page.objgen: number for number, page in enumerate(document.pages, start=1)}

        def walk(items):
            for item in items:
                found.append((item.title, places[item.destination[0].objgen]))
                walk(item.children)

        walk(outline.root)
    return found


def violations(pdf: Path) -> str:
    """What the validator finds of PDF/UA-1, warnings too."""
    done = subprocess.run(
        [Path(sys.executable).parent / "pdfua", "check", "--min-severity", "warning", pdf],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Its check for empty headings stops at a list of attributes; `empty_headings` asks the same.
    skipped = [line for line in done.stdout.splitlines() if "not evaluated" in line and "UA-14-001" not in line]
    return "" if "result: PASS" in done.stdout and not skipped else done.stdout + done.stderr


def empty_headings(pdf: Path) -> int:
    """Headings among the tags without content."""
    with pikepdf.open(pdf) as document:
        headings = [element for element in structure(document) if str(element.S)[:3] in ("/H1", "/H2", "/H3", "/H4")]
        return sum("/K" not in element for element in headings)


def headings_of(page: Path) -> set[str]:
    """The texts of the page that head what follows, of what is printed."""
    tree = html.parse(page).getroot()
    headings = tree.xpath(
        "//*[self::h2 or self::h3 or self::h4 or self::caption or self::th[@scope='rowgroup' or @scope='colgroup']]"
        "[not(ancestor::*[@hidden or contains(@class, 'data')])]"
    )
    return {words(heading.text_content()) for heading in headings}
