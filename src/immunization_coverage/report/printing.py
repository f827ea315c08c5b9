"""Prints a page as a tagged PDF: Chromium draws it, and what Chromium leaves out is added to its file."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pikepdf
from lxml import html

SCRATCH = "coverage_report_"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# A longer number may take a line more on the contents page, so its numbers are read again until they agree.
MOST_PRINTS = 4
PRODUCER = "immunization-coverage-warehouse"
TEXT_SHOWN = frozenset(("Tj", "TJ", "'", '"'))
PATH_BEGUN = frozenset(("m", "re"))
PATH_PAINTED = frozenset(("S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "n"))
PAINTED_ALONE = frozenset(("Do", "sh", "BI", "INLINE IMAGE"))
ARTIFACT = pikepdf.ContentStreamInstruction([pikepdf.Name.Artifact], pikepdf.Operator("BMC"))
END = pikepdf.ContentStreamInstruction([], pikepdf.Operator("EMC"))


@dataclass(frozen=True)
class Entry:
    """A line of the contents: the id of the heading that it leads to, its text, and whether it is a chapter."""

    target: str
    text: str
    is_chapter: bool


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
    """Prints the page as a PDF in one step. Raises RuntimeError if the browser fails."""
    remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=f"{SCRATCH}{os.getpid()}_") as folder:
        printed = Path(folder) / "printed.pdf"
        source = printed.with_suffix(".html")
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        contents = contents_of(text)
        numbers: dict[str, int] = {}
        for _ in range(MOST_PRINTS):
            source.write_text(numbered(text, numbers), encoding="utf-8")
            run_browser(browser, source, printed)
            before, numbers = numbers, page_numbers(printed)
            if numbers == before or not contents:
                break
        finish(printed, text, contents)
        printed.chmod(0o600 if private else 0o644)
        shutil.move(printed, pdf)


def run_browser(browser: str, page: Path, pdf: Path) -> None:
    # Chromium's sandbox does not start for root, who runs containers.
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = [
        browser, "--headless", *(["--no-sandbox"] if is_root else []), "--disable-gpu",
        "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={page.with_suffix('.profile')}",
        # The page needs no network, and the browser must not make requests of its own.
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.resolve().as_uri(),
    ]  # fmt: skip
    pdf.unlink(missing_ok=True)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{browser} wrote no PDF: {type(error).__name__}.") from error
    if done.returncode or not pdf.is_file():
        raise RuntimeError(f"{browser} wrote no PDF (exit status {done.returncode}).")


def contents_of(text: str) -> list[Entry]:
    """The lines of the page's printed contents."""
    if not text.strip():
        return []
    return [
        Entry(link.get("href").removeprefix("#"), " ".join(link.text_content().split()), link.get("class") == "chapter")
        for link in html.document_fromstring(text).xpath("//nav[@class='contents']//a")
    ]


def numbered(text: str, numbers: dict[str, int]) -> str:
    """The page with the numbers of its contents filled in."""
    return re.sub(
        r'(<span class="page-number" data-of="([^"]+)">)(</span>)',
        lambda found: f"{found[1]}{numbers.get(found[2], '')}{found[3]}",
        text,
    )


def page_numbers(pdf: Path) -> dict[str, int]:
    """The page on which each target of a link lies, by its id."""
    with pikepdf.open(pdf) as document:
        places = {page.objgen: number for number, page in enumerate(document.pages, start=1)}
        return {name.removeprefix("/"): places[place[0].objgen] for name, place in destinations(document).items()}


def destinations(document: pikepdf.Pdf) -> dict[str, Any]:
    return dict(document.Root.get("/Dests", pikepdf.Dictionary()).items())


def finish(pdf: Path, text: str, contents: list[Entry]) -> None:
    """Adds bookmarks, metadata and what PDF/UA asks for beside the tags of the browser."""
    page = html.document_fromstring(text)
    title, language = page.findtext(".//title"), page.get("lang")
    with pikepdf.open(pdf, allow_overwriting_input=True) as document:
        add_outline(document, contents)
        for sheet in document.pages:
            mark_artifacts(document, sheet)
            describe_links(sheet, {entry.target: entry.text for entry in contents})
        for element in structure(document):
            # HTML's figure holds a table or a list; a figure of PDF is a picture.
            if element.S == pikepdf.Name.Figure and "/Alt" not in element:
                element.S = pikepdf.Name.Sect
        document.Root.Lang = pikepdf.String(language)
        document.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
            metadata["dc:title"] = title
            metadata["dc:language"] = [language]
            metadata["pdf:Producer"] = f"{PRODUCER} {version(PRODUCER)}"
            metadata["xmp:CreatorTool"] = f"{PRODUCER} {version(PRODUCER)}"
            metadata["pdfuaid:part"] = "1"
        document.save(pdf, min_version="1.7", object_stream_mode=pikepdf.ObjectStreamMode.generate)


def add_outline(document: pikepdf.Pdf, contents: Iterable[Entry]) -> None:
    """A bookmark for each line of the contents, figures below their chapter."""
    places = destinations(document)
    with document.open_outline() as outline:
        outline.root.clear()
        for entry in contents:
            item = pikepdf.OutlineItem(entry.text, pikepdf.Array(places[f"/{entry.target}"]))
            (outline.root if entry.is_chapter else outline.root[-1].children).append(item)


def mark_artifacts(document: pikepdf.Pdf, page: pikepdf.Page) -> None:
    """Marks what is drawn outside of the tags, running heads and axes, as not to be read aloud."""
    found: list[Any] = []
    depth, is_open = 0, False
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator in ("BDC", "BMC"):
            depth += 1
        elif operator == "EMC":
            depth -= 1
        elif not depth and operator in PATH_BEGUN and not is_open:
            found.append(ARTIFACT)
            is_open = True
        if not depth and operator in TEXT_SHOWN | PAINTED_ALONE:
            found += [ARTIFACT, instruction, END]
        else:
            found.append(instruction)
        if is_open and operator in PATH_PAINTED:
            found.append(END)
            is_open = False
    page.Contents = document.make_stream(pikepdf.unparse_content_stream(found))


def describe_links(page: pikepdf.Page, texts: dict[str, str]) -> None:
    """Gives each link the words that a screen reader says of it: the heading that it leads to, or its address."""
    for link in page.get("/Annots", pikepdf.Array()):
        target = str(link.get("/Dest", "")).removeprefix("/")
        address = str(link.A.get("/URI", "")) if "/A" in link else ""
        link.Contents = pikepdf.String(texts.get(target) or address or target)


def structure(document: pikepdf.Pdf) -> Iterable[pikepdf.Dictionary]:
    """Every element of the structure tree."""
    waiting: list[Any] = [document.Root.StructTreeRoot.K]
    while waiting:
        element = waiting.pop()
        if isinstance(element, pikepdf.Array):
            waiting.extend(element)
        elif isinstance(element, pikepdf.Dictionary) and "/S" in element:
            yield element
            if "/K" in element:
                waiting.append(element.K)
