"""Bytes to UTF-8 text."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from extracts.problems import ExtractProblem

CHUNK_BYTES = 4 << 20
# Windows-1252 leaves five bytes undefined; there Latin-1's control characters stand.
WINDOWS_1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, a `\\r\\n` never cut in two."""
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


def invalid_utf8_at(path: Path) -> int | None:
    """The place of the first byte that is not UTF-8. A character across the edge of two chunks is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = 0
    try:
        for chunk in chunks(path):
            pending = len(decoder.getstate()[0])
            decoder.decode(chunk)
            before += len(chunk)
        pending = len(decoder.getstate()[0])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return before - pending + error.start
    return None


def as_utf8(path: Path, file: str, copy: Path) -> tuple[Path, str]:
    """The file as UTF-8, itself or what it writes to `copy`, and the name of its own encoding."""
    with path.open("rb") as opened:
        begin = opened.read(3)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            with path.open(encoding="utf-16", newline="") as source, copy.open("wb") as target:
                while text := source.read(CHUNK_BYTES):
                    target.write(text.encode("utf-8"))
        except UnicodeError:
            raise ExtractProblem(f"{file} begins as UTF-16 but is not, or is cut off: export it again.") from None
        return copy, "UTF-16"
    invalid = invalid_utf8_at(path)
    if invalid is None:
        return path, "UTF-8"
    if begin == codecs.BOM_UTF8:
        raise ExtractProblem(
            f"{file} has a byte-order mark of UTF-8, but line {line_at(path, invalid)} holds a byte that is not UTF-8: "
            "export it again in one encoding."
        )
    with copy.open("wb") as target:
        for chunk in chunks(path):
            target.write(codecs.charmap_decode(chunk, "strict", WINDOWS_1252)[0].encode("utf-8"))
    return copy, "Windows-1252"
