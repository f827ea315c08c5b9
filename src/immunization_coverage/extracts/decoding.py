"""Decodes files to UTF-8: gzip, encodings, NUL and end-of-file bytes; counts lines and delimiters from the bytes."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from immunization_coverage.extracts.problems import ExtractProblem, stop

CHUNK_BYTES = 4 << 20
# Windows-1252 leaves five bytes undefined; they are read as Latin-1's control characters.
# Codecs decode fastest from a text, but their type stubs allow mappings only.
WINDOWS_1252: Any = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
END_OF_FILE = b"\x1a"


@dataclass(frozen=True)
class Decoded:
    """A file as UTF-8: itself or a copy. `single_bytes`: how many bytes alone were read as Windows-1252."""

    path: Path
    encoding: str
    single_bytes: int = 0
    has_end_of_file_byte: bool = False


@dataclass(frozen=True)
class TextSurvey:
    """Counts from the bytes of a UTF-8 file, outside quotation marks.

    `rows` includes the header. `line_end` is None if line ends differ. `delimiters` counts each delimiter asked for.
    """

    rows: int
    line_end: str | None
    delimiters: dict[str, int]
    has_colon: bool


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a `\r\n` never cut in two."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk + file.read(1) if chunk.endswith(b"\r") else chunk


def line_at(path: Path, place: int) -> int:
    """The line, from 1, of a byte."""
    before = 0
    lines = 1
    for chunk in chunks(path):
        before += len(chunk)
        lines += chunk[: len(chunk) - max(0, before - place)].count(b"\n")
        if before >= place:
            break
    return lines


def decompressed(path: Path, file: str, copy: Path) -> Path:
    """A gzip archive's content, written to `copy`."""
    try:
        with gzip.open(path, "rb") as source, copy.open("wb") as target:
            while chunk := source.read(CHUNK_BYTES):
                target.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise stop("gzip_cut_off", file=file) from None
    return copy


def as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Decodes the bytes that are not UTF-8, and only these, as Windows-1252."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    spoilt = error.object[error.start : error.end]
    return codecs.charmap_decode(spoilt, "strict", WINDOWS_1252)[0], error.end


codecs.register_error("as_windows_1252", as_windows_1252)


def invalid_utf8_at(path: Path) -> int | None:
    """The place of the first byte that is not UTF-8. A character split between two chunks is valid."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    try:
        for chunk in chunks(path):
            pending = len(decoder.getstate()[0])
            if pending or not chunk.isascii():
                decoder.decode(chunk)
            before += len(chunk)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return before - pending + error.start
    return None


def is_mixed(path: Path) -> tuple[bool, int]:
    """Whether a file that is not valid UTF-8 is UTF-8 except for single bytes, and how many these are.

    In Windows-1252, two letters in a row are hardly ever valid UTF-8: if one in twenty characters beyond ASCII is,
    the file is UTF-8, or a concatenation of both encodings.
    """
    valid = invalid = 0
    for chunk in chunks(path):
        if chunk.isascii():
            continue
        text = chunk.decode("utf-8", "surrogateescape")
        spoilt = sum("\udc80" <= character <= "\udcff" for character in text if character > "\x7f")
        invalid += spoilt
        valid += sum(character > "\x7f" for character in text) - spoilt
    return valid > 0 and valid * 20 >= invalid, invalid


def has_trailing_end_of_file_byte(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8))
        return file.read().rstrip(b"\r\n\0").endswith(END_OF_FILE)


def utf16_without_mark(begin: bytes) -> str | None:
    """The encoding of text whose every second byte is NUL, as UTF-16 without a byte-order mark begins."""
    if len(begin) >= 8 and not any(begin[1:8:2]) and all(begin[0:8:2]):
        return "utf-16-le"
    if len(begin) >= 8 and not any(begin[0:8:2]) and all(begin[1:8:2]):
        return "utf-16-be"
    return None


def write_utf8(path: Path, copy: Path, encoding: str, errors: str = "strict") -> None:
    with path.open(encoding=encoding, errors=errors, newline="") as source, copy.open("wb") as target:
        while text := source.read(CHUNK_BYTES):
            target.write(text.encode("utf-8"))


def decoded(path: Path, file: str, copy: Path) -> Decoded:
    """The file as UTF-8, itself or what this writes to `copy`."""
    with path.open("rb") as opened:
        begin = opened.read(8)
    utf16 = "utf-16" if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else utf16_without_mark(begin)
    single_bytes = 0
    if utf16:
        try:
            write_utf8(path, copy, utf16)
        except UnicodeError:
            raise stop("bad_utf16", file=file) from None
        path, encoding = copy, "UTF-16"
    elif invalid_utf8_at(path) is None:
        encoding = "UTF-8"
    else:
        mixed, single_bytes = is_mixed(path)
        if mixed or begin.startswith(codecs.BOM_UTF8):
            write_utf8(path, copy, "utf-8", "as_windows_1252")
            encoding = "UTF-8"
        else:
            with copy.open("wb") as target:
                for chunk in chunks(path):
                    target.write(codecs.charmap_decode(chunk, "strict", WINDOWS_1252)[0].encode("utf-8"))
            encoding, single_bytes = "Windows-1252", 0
        path = copy
    if not has_trailing_end_of_file_byte(path):
        return Decoded(path, encoding, single_bytes)
    content = copy.with_suffix(".ended.csv")
    with path.open("rb") as source, content.open("wb") as target:
        remaining = path.stat().st_size
        while chunk := source.read(CHUNK_BYTES):
            remaining -= len(chunk)
            target.write(chunk if remaining > 8 else chunk.rstrip(b"\r\n\0").removesuffix(END_OF_FILE))
    return Decoded(content, encoding, single_bytes, has_end_of_file_byte=True)


def as_utf8(path: Path, file: str, copy: Path) -> tuple[Path, str]:
    """The file as UTF-8 and the name of its own encoding."""
    text = decoded(path, file, copy)
    return text.path, text.encoding


def nul_problem(path: Path, file: str, place: int) -> ExtractProblem:
    """NUL bytes up to the end mean an interrupted copy; elsewhere, a damaged file."""
    with path.open("rb") as opened:
        opened.seek(place)
        while chunk := opened.read(CHUNK_BYTES):
            if chunk.strip(b"\0\r\n"):
                return stop("nul_bytes", file=file, line=line_at(path, place))
    return stop("nul_bytes_at_end", file=file, line=line_at(path, place))


def count_byte(chunk: bytes, byte: str) -> int:
    # Five times as fast as bytes.count if a byte occurs several times on every line.
    return int(numpy.count_nonzero(numpy.frombuffer(chunk, numpy.uint8) == ord(byte)))


def survey_text(path: Path, file: str, delimiters: str = "") -> TextSurvey:
    """Count line ends and delimiters outside quotation marks, which come in pairs. Refuses NUL bytes."""
    inside = 0
    line_feeds = returns = pairs = before = 0
    counts = dict.fromkeys(delimiters, 0)
    has_colon = False
    last = b""
    for chunk in chunks(path):
        if b"\0" in chunk:
            raise nul_problem(path, file, before + chunk.index(0))
        before += len(chunk)
        outside = chunk
        if inside or b'"' in chunk:
            pieces = chunk.split(b'"')
            outside = b"".join(pieces[inside::2])
            inside ^= (len(pieces) - 1) & 1
        line_feeds += count_byte(outside, "\n")
        for delimiter in counts:
            counts[delimiter] += count_byte(outside, delimiter)
        has_colon = has_colon or b":" in chunk
        if b"\r" in outside:
            returns += outside.count(b"\r")
            pairs += outside.count(b"\r\n")
        last = chunk[-1:]
    line_end = None
    if line_feeds and not returns:
        line_end = "\\n"
    elif line_feeds == returns == pairs:
        line_end = "\\r\\n"
    elif returns and not line_feeds:
        line_end = "\\r"
    return TextSurvey(max(line_feeds, returns) + (last not in (b"\n", b"\r")), line_end, counts, has_colon)
