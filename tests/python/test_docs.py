"""The documentation: its links, its commands and its queries work, and its index names every page."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest
import yaml
from conftest import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks" / "README.md"]
ICW = shutil.which("icw", path=Path(sys.executable).parent)
# Pages whose queries are for the warehouse that is built.
QUERIES = ("explain.md", "agents.md", "bi.md")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str | None = None) -> list[str]:
    """The blocks of code of a page, those of one language ("" for none) or all."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for named, text in found if language in (named, None)]


def anchors(page: Path) -> set[str]:
    """The headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page):
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match("[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / unquote(file)).resolve() if file else page
        if not target.exists() or anchor and anchor not in anchors(target):
            broken.append(link)
    assert not broken


def test_the_readme_is_short_and_its_picture_small():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
    pictures = [file for ending in ("png", "svg") for file in (ROOT / "docs").glob(f"*.{ending}")]
    assert pictures and not [file.name for file in pictures if file.stat().st_size > 200_000]


def test_the_index_names_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    named = {unquote(link.partition("#")[0]) for link in re.findall(r"\]\(([^)\s]+)\)", index)}
    assert not [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in {*named, "README.md"}]


def test_files_that_the_documentation_names_are_in_the_repository():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=False)
    kept = listed.stdout.splitlines()
    if len(kept) < 100:
        pytest.skip("no Git, or no repository, to list the files")
    folders = "|".join(sorted({re.escape(file.split("/")[0]) for file in kept if "/" in file}))
    missing = set()
    for page in PAGES:
        if page.name in ("CHANGELOG.md", "performance.md"):
            continue
        for named in re.findall(rf"(?<![\w/.])((?:{folders})/[\w./*-]+)", page.read_text(encoding="utf-8")):
            path = named.rstrip(".")
            if not (any(file.startswith(path.rstrip("/")) for file in kept) or list(ROOT.glob(path))):
                missing.add(f"{page.name}: {path}")
    assert not sorted(missing)


@pytest.mark.parametrize("name", QUERIES)
def test_queries_of_the_documentation_run(demonstration, name):
    queries = [query for query in blocks(ROOT / "docs" / name, "sql") if not query.startswith("--")]
    assert queries
    with duckdb.connect(str(demonstration.warehouse), read_only=True) as connection:
        for query in queries:
            connection.execute(query).fetchall()


def code_of(page: Path) -> list[str]:
    """Lines of blocks, and what stands between backticks in sentences."""
    lines = [line for block in blocks(page) for line in block.split("\n")]
    return lines + re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))


def commands() -> list[tuple[str, str]]:
    """Each `icw …` of the documentation, in blocks and in sentences, with its page."""
    found = []
    for page in PAGES:
        for line in code_of(page):
            if match := re.search(r"(?:^|[\s/&(])icw( [a-z][^#&>|]*| --[a-z][^#&>|]*)", line):
                found.append((name_of(page), match[1].strip()))
    return found


@cache
def help_of(command: str) -> str:
    done = subprocess.run(
        [ICW, *command.split(), "--help"], capture_output=True, text=True, check=False,
        env=os.environ | {"COLUMNS": "300", "TERM": "dumb", "NO_COLOR": "1"},
    )  # fmt: skip
    return done.stdout if done.returncode == 0 else ""


def problems_of_command(text: str) -> list[str]:
    words = shlex.split(text.replace("…", " "))
    command = words[0] if words and not words[0].startswith("-") else ""
    if command == "metrics":
        return []
    said = help_of(command)
    if not said:
        return [f"icw has no command {command}"]
    # dbt build takes what is not icw's own.
    passed_on = {"--select", "--exclude-resource-type"} if command == "build" else set()
    return [
        f"icw {command} has no option {word.partition('=')[0]}" for word in words
        if re.match("--[a-z]", word) and word.partition("=")[0] not in passed_on
        and not re.search(rf"(?<![\w-]){re.escape(word.partition('=')[0])}(?![\w-])", said)
    ]


@pytest.mark.skipif(ICW is None, reason="icw is not installed beside Python")
def test_commands_of_the_documentation_are_those_of_icw():
    found = commands()
    assert len(found) > 40
    assert not {f"{page}: {problem}" for page, text in found for problem in problems_of_command(text)}


@pytest.mark.skipif(ICW is None, reason="icw is not installed beside Python")
def test_a_command_or_an_option_that_icw_does_not_have_is_found():
    assert problems_of_command("build --no-such-option") == ["icw build has no option --no-such-option"]
    assert problems_of_command("nothing") == ["icw has no command nothing"]


@pytest.mark.skipif(os.name == "nt", reason="the script is one of a POSIX shell")
@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_nightly_script_backs_up_what_was_built_and_mails_the_end_of_what_was_not(tmp_path, status):
    (script,) = blocks(ROOT / "docs" / "operations.md", "sh")
    (settings,) = (block for block in blocks(ROOT / "docs" / "operations.md", "") if "BACKUP_DIR=" in block)
    places = {"EXTRACTS_DIR": "extracts", "WAREHOUSE_PATH": "w.duckdb", "BACKUP_DIR": "backup", "MAIL_TO": "a@b.org"}
    assert set(places) <= set(re.findall(r"^([A-Z_]+)=", settings, re.MULTILINE))
    for folder in ("extracts", "backup", "bin", "project/.venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    old = tmp_path / "backup" / "old.duckdb"
    old.write_text("old")
    os.utime(old, (0, 0))
    (tmp_path / "w.duckdb").write_text("built")
    written = {
        "project/nightly.sh": script,
        "project/.venv/bin/icw": f"#!/bin/sh\ntest $# = 1 && seq 100 && test -n \"$EXTRACTS_DIR\" && exit {status}\n",
        "bin/mail": f'#!/bin/sh\n{{ echo "$@"; cat; }} > "{tmp_path}/mailed"\n',
        "north.env": "\n".join(
            f"{name}={value if '@' in value else tmp_path / value}" for name, value in places.items()
        ),
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [tmp_path / "project" / "nightly.sh", tmp_path / "north.env"], check=False, cwd="/",
        env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == status
    copies = [file.read_text() for file in (tmp_path / "backup").iterdir()]
    assert copies == (["built"] if status == 0 else ["old"])
    if status:
        subject, *lines = (tmp_path / "mailed").read_text().splitlines()
        assert subject == f"-s Coverage build ended with status {status} a@b.org"
        assert lines == [str(number) for number in range(71, 101)]
    else:
        assert not (tmp_path / "mailed").exists()


def test_makes_targets_in_the_documentation_are_there():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = "\n".join(line for page in PAGES if page.name != "CHANGELOG.md" for line in code_of(page))
    named = set(re.findall(r"(?:^| )make ([a-z][a-z-]+)(?= |$)", lines, re.MULTILINE))
    assert named >= {"build", "test", "setup"}
    assert not named - targets


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    dbt_project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    changelog = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert changelog
    versions = [dbt_project["version"], dbt_project["vars"]["project_version"], citation["version"], changelog[1]]
    assert versions == [version] * 4
