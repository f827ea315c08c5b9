"""Problems of extracts, as sentences without any value of a row.

Sentences and remedies are rows of seeds/quality/reading_stops.csv, from which docs/extracts.md is made too.
"""

import csv
import errno
from functools import cache

from immunization_coverage.project import ROOT

STOPS_FILE = ROOT / "seeds" / "quality" / "reading_stops.csv"


class ExtractProblem(Exception):
    """The problem of one file, as one sentence without any value of a row."""


class ExtractsError(Exception):
    """All problems of a folder of extracts. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@cache
def sentences() -> dict[str, str]:
    with STOPS_FILE.open(encoding="utf-8", newline="") as file:
        return {row["kind"]: f"{row['sentence']}: {row['remedy']}." for row in csv.DictReader(file)}


def stop(kind: str, **facts: object) -> ExtractProblem:
    """The problem of a kind, its sentence filled in with facts."""
    return ExtractProblem(sentences()[kind].format(**facts))


def shown(header: str) -> str:
    text = " ".join(header.split())
    return f"'{text if len(text) <= 60 else text[:59] + '…'}'"


def listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def count_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def os_problem(error: OSError, what: str) -> ExtractProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return stop("disk_full", what=what)
    reasons = {
        errno.EACCES: ("permission denied", "let the account that runs the build read it"),
        errno.EPERM: ("permission denied", "let the account that runs the build read it"),
        errno.ELOOP: ("a symbolic link that leads back to itself", "replace it by the file that it should point to"),
        errno.ENOENT: ("it does not exist, or is a link to what does not exist", "put it there"),
        errno.ENOTDIR: ("it is not a folder", "name the folder that holds the extracts"),
        errno.EISDIR: ("it is a folder, not a file", "put a file in its place"),
    }
    reason, remedy = reasons.get(error.errno or 0, (error.strerror or "input or output error", "look after its disk"))
    return stop("not_readable", what=what, reason=reason, remedy=remedy)
