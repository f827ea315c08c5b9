"""Finds the header, and the rows that are not part of the table (titles, footers, totals)."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from immunization_coverage.extracts.accept import is_accepted
from immunization_coverage.extracts.problems import ExtractProblem, count_of, stop

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe (|)"}
OTHER_DELIMITERS = {"~": "~", "^": "^", ":": ":", "\x01": "the byte 0x01", "\x1f": "the byte 0x1F", "¦": "¦", "§": "§"}
HEADER_CHARACTERS = 1 << 20
HEADER_ROWS = 100
CELL_CHARACTERS = 64 << 20

DASHES = frozenset("-‐‑‒–—―−─━═=_+|┼ \t")
NUMBER = re.compile(r"[\d.,% \u00a0\u202f]+")
TOTAL = re.compile(r"(grand |sub-?|sous-|overall |report )?tot(al|als|aux)\b", re.IGNORECASE)
ROW_WORDS = r"(?:rows?|row\(s\)|records?|record\(s\)|lignes?|ligne\(s\)|enregistrements?|observations?|lines?|tuples?)"
# What database clients and reports print below the rows; the group `rows` is the number of rows that it states.
FOOTERS = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"\(?\s*(?P<rows>\d[\d,. \u00a0\u202f]*)\s+{ROW_WORDS}(?![\w(])[^\d]*"
        r"(\d[\d.,: ]*\s*(s|ms|sec|secs|seconds)\b.*)?",
        rf"(total |number of |nombre de |count of |total number of )?{ROW_WORDS}"
        r"( count| returned| read| exported| affected| selected)?\s*[:=]\s*(?P<rows>\d[\d,. \u00a0\u202f]*)",
        rf"(total|count|record count|row count)( {ROW_WORDS})?\s*[:=]\s*(?P<rows>\d[\d,. \u00a0\u202f]*)",
        rf"\(?no {ROW_WORDS} (selected|affected|returned).*",
        r"page \d+( (of|de|/|sur) \d+)?",
        r"\W*(end|fin) (of|du|de la|de l) ?.{0,40}",
        r"(report |rapport )?(generated|created|printed|produced|exported|extracted|run|executed)\b.*",
        r"(rapport )?(généré|imprimé|créé)\b.*",
        r"(report|run|print|export|extract(ion)?|execution|refresh|data) (date|time|run|as of|generated)\b.*",
        r"(completion time|elapsed|time|durée|(applied )?filters?( applied)?|source|notes?|disclaimer)\s*[:=].*",
        r"\W*confidential(ité|ity)?\b.*",
        r"warning: .*",
        r"sql> ?.*",
        r"pl/sql procedure successfully completed\.?",
        r"©.*",
    )
]


@dataclass(frozen=True)
class TextHeader:
    """The header of a text file; `rows_above` counts rows before it, blank ones too."""

    headers: list[str]
    delimiter: str
    is_first_line: bool
    preamble: str
    rows_above: int = 0
    titles: int = 0
    line: int = 1


def named(headers: list[str]) -> int:
    """The number of columns up to the last one with a name."""
    return max((place for place, name in enumerate(headers) if name.strip()), default=-1) + 1


def find_header(rows: list[list[str]], recognised: Callable[[list[str]], int]) -> int | None:
    """The place of the first row that has most of the known headers; of the first row that is not blank if none has."""
    best: tuple[int, int] | None = None
    for place, row in enumerate(rows):
        if any(cell.strip() for cell in row):
            score = recognised(row)
            if best is None or score > best[0]:
                best = (score, place)
    return None if best is None else best[1]


def rows_like_data(rows: list[list[str]], header: list[str], known: int) -> Iterator[int]:
    """Places of rows above a header that are filled like rows of data, and so are not a title."""
    for place, row in enumerate(rows):
        filled = [cell for cell in row if cell.strip()]
        has_digit = any(character.isdigit() for cell in filled for character in cell)
        if known >= 2 and has_digit and len(filled) >= max(known, named(header) // 2):
            yield place


def read_text_header(path: Path, file: str, recognised: Callable[[list[str]], int]) -> TextHeader:
    """The headers of a UTF-8 file, and the delimiter by which most of them are recognised."""
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return text_header(opened.read(HEADER_CHARACTERS), file, recognised)


def text_header(text: str, file: str, recognised: Callable[[list[str]], int]) -> TextHeader:
    """The same for a text's beginning."""
    # Excel's own way to name the delimiter.
    preamble = re.match(r"\"?sep=([,;\t|])\"?(\r\n|\r|\n)", text)
    body = text[preamble.end() if preamble else 0 :]
    readings = []
    for delimiter in preamble[1] if preamble else DELIMITERS:
        reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
        rows: list[list[str]] = []
        lines = [0]
        try:
            for row in reader:
                rows.append(row)
                lines.append(reader.line_num)
                if len(rows) == HEADER_ROWS:
                    break
        except csv.Error:
            pass
        place = find_header(rows, recognised)
        if place is None:
            continue
        known = recognised(rows[place])
        titles = rows[:place]
        data = next(rows_like_data(titles, rows[place], known), None)
        header = TextHeader(
            rows[place],
            delimiter,
            lines[place + 1] == 1,
            preamble[0] if preamble else "",
            place,
            sum(any(cell.strip() for cell in row) for row in titles),
            lines[place] + 1 + bool(preamble),
        )
        readings.append(((known, -place, len(rows[place])), header, lines[data] + 1 if data is not None else None))
    if not readings:
        raise stop("no_header", file=file)
    score, header, data_line = max(readings, key=lambda reading: reading[0])
    if not header.headers:
        raise stop("no_header", file=file)
    if data_line is not None:
        raise stop("rows_above_header", file=file, line=data_line)
    if score[0] < 2 and not preamble:
        first_line = next(iter(body.lstrip().splitlines()), "")
        for delimiter, name in OTHER_DELIMITERS.items():
            if recognised(next(csv.reader([first_line], delimiter=delimiter), [])) >= 2:
                raise stop("other_delimiter", file=file, delimiter=name)
        if recognised(re.split(r"\s{2,}|\|\|", first_line)) >= 2:
            raise stop("other_delimiter", file=file, delimiter="runs of blanks or a double pipe")
    return header


class Sieve:
    """Keeps the rows of the table; `dropped` counts the others by kind.

    `columns` gives the contract's column of each place, `meaning` that of any header.
    """

    def __init__(
        self, file: str, columns: dict[int, str], required: Iterable[str], meaning: Callable[[str], str | None]
    ) -> None:
        self.file = file
        self.columns = columns
        self.meaning = meaning
        self.required = [place for place, column in columns.items() if column in required]
        self.key = next((p for p, column in columns.items() if column == "client_id"), min(columns, default=0))
        self.least = max(columns, default=0) + 1
        # A row with fewer of the required cells may be a footer or a total.
        self.thin = min(2, len(self.required) - 1)
        self.dropped: Counter[str] = Counter()
        self.kept = 0
        self.kept_at_last_footer = 0
        self.problems: list[ExtractProblem] = []

    def keeps(self, row: list[str], line: int) -> bool:
        if not any(row):
            self.dropped["blank_rows"] += 1
            return False
        if (
            len(row) < self.least
            or not row[self.key][:1].isdigit()
            or sum(row[place] != "" for place in self.required) <= self.thin
            or not row[0][:1].isdigit()
        ):
            kind = self.kind(row, line)
            if kind:
                self.dropped[kind] += 1
                return False
        self.kept += 1
        return True

    def kind(self, row: list[str], line: int) -> str | None:
        """Why a row is not part of the table, or None."""
        filled = [cell.strip() for cell in row if cell.strip()]
        if not filled:
            return None if len(row) > 1 else "blank_rows"
        if all(DASHES.issuperset(cell) for cell in filled) and any(len(cell) > 1 for cell in filled):
            return "line_of_dashes"
        places = [place for place in self.columns if place < len(row)]
        alike = sum(self.meaning(row[place]) == self.columns[place] for place in places)
        if alike >= 2 and alike * 2 > len(filled) / 2:
            if all(self.meaning(row[place]) == self.columns[place] for place in self.required if place < len(row)):
                return "repeated_header"
        if sum(self.meaning(cell) is not None for cell in filled) >= max(2, len(self.required)):
            self.problems.append(stop("other_header_below", file=self.file, line=line))
            return "repeated_header"
        thin = sum(place < len(row) and row[place].strip() != "" for place in self.required) <= self.thin
        # A school may be called Total Learning Academy.
        if TOTAL.match(filled[0]) and (thin or all(NUMBER.fullmatch(cell) for cell in filled[1:])):
            return "total_rows"
        if thin:
            return self.footer(" ".join(filled), line)
        return None

    def footer(self, text: str, line: int) -> str | None:
        for pattern in FOOTERS:
            match = pattern.fullmatch(text)
            if match:
                told = re.sub(r"\D", "", match.groupdict().get("rows") or "")
                found = self.kept - self.kept_at_last_footer
                if told and int(told) not in (found, self.kept) and not is_accepted("count_in_footer"):
                    self.problems.append(
                        stop(
                            "count_in_footer",
                            file=self.file,
                            line=line,
                            told=count_of(int(told), "row"),
                            found=f"{found:,}",
                        )
                    )
                if told:
                    self.kept_at_last_footer = self.kept
                return "footer"
        return None

    def finish(self) -> None:
        if self.problems:
            raise self.problems[0]


def csv_problem(error: csv.Error, file: str, line: int) -> ExtractProblem:
    if "end of data" in str(error):
        return stop("quote_not_closed", file=file, line=line)
    if "field limit" in str(error):
        return stop("cell_too_long", file=file, line=line, characters=f"{CELL_CHARACTERS:,}")
    return stop("text_after_quote", file=file, line=line)


class Widths:
    """How many cells the rows have. `check` refuses rows that do not end alike: a cell may have moved."""

    def __init__(self, headers: list[str]) -> None:
        self.most = len(headers)
        self.least = named(headers)
        self.rows: Counter[int] = Counter()
        self.first_line: dict[int, int] = {}
        self.last = (0, 0)
        self.unnamed: list[int] = []

    def add(self, row: list[str], line: int) -> bool:
        """Whether the row has a cell for each named column."""
        cells = len(row)
        self.rows[cells] += 1
        self.first_line.setdefault(cells, line)
        self.last = (cells, line)
        if cells > self.least and any(row[self.least :]):
            self.unnamed.append(line)
        return cells >= self.least

    def check(self, file: str) -> None:
        header_columns = self.most
        if set(self.rows) <= {self.most} and not self.unnamed:
            return
        usual = self.most if self.most in self.rows else max(self.rows, key=lambda cells: self.rows[cells])
        if not self.least <= usual and self.rows[usual] < 3:
            usual = self.most
        odd = {cells: count for cells, count in self.rows.items() if cells != usual or cells < self.least}
        # In a few rows, an empty last cell beyond the header may also come from a cell that moved.
        if usual > self.most and (self.rows[usual] < 3 or self.unnamed):
            odd = dict(self.rows)
        if odd:
            cells = min(odd, key=lambda cells: self.first_line[cells])
            line = self.first_line[cells]
            columns = count_of(cells, "column")
            if sum(odd.values()) == 1 and cells < self.least and self.last == (cells, line):
                raise stop("cut_off", file=file, line=line, columns=columns, header_columns=header_columns)
            more = f" (the first of {sum(odd.values()):,} such rows)" if sum(odd.values()) > 1 else ""
            raise stop("ragged_rows", file=file, line=line, columns=columns, header_columns=header_columns, more=more)
        if self.unnamed:
            more = f" (the first of {len(self.unnamed):,} such rows)" if len(self.unnamed) > 1 else ""
            raise stop("unnamed_cells", file=file, line=self.unnamed[0], more=more)


def text_rows(path: Path, file: str, header: TextHeader, sieve: Sieve | None = None) -> Iterator[list[str]]:
    """The rows of a UTF-8 file as Python reads them, those of the table only; the header first.

    Raises ExtractProblem at the end if rows do not end alike, or a footer states another number of rows.
    """
    csv.field_size_limit(CELL_CHARACTERS)
    widths = Widths(header.headers)
    # A client that pads columns to their width pads the header too.
    is_padded = any(name != name.strip() for name in header.headers)
    with path.open(encoding="utf-8-sig", newline="") as source:
        source.read(len(header.preamble))
        lines_before = 1 if header.preamble else 0
        reader = csv.reader(source, delimiter=header.delimiter, strict=True)
        rows_above = header.rows_above
        is_header_read = False
        while True:
            line = lines_before + reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                raise csv_problem(error, file, line) from None
            if rows_above:
                rows_above -= 1
                continue
            if not is_header_read:
                is_header_read = True
                yield row
                continue
            if is_padded:
                row = [cell.strip() for cell in row]
            if sieve:
                if not sieve.keeps(row, line):
                    continue
            elif not any(row) or (len(row) == 1 and not row[0].strip()):
                continue
            if widths.add(row, line):
                yield row
    widths.check(file)
    if sieve:
        if is_padded:
            sieve.dropped["padded_cells"] += sieve.kept
        if any(cells > widths.most for cells in widths.rows):
            sieve.dropped["cells_beyond_header"] += sieve.kept
        sieve.finish()


def is_oddly_spelled(header: str) -> bool:
    """Whether a header was matched only without its unusual characters."""
    return header.strip()[:1] in ('"', "'", "=") or any(
        not (character.isalpha() or character.isascii()) for character in header
    )
