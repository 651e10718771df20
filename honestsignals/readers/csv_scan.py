"""One look at the bytes of a CSV file, before anything is read from it.

What a CSV reader would take without a word (a stream cut short, bytes that are no UTF-8, NUL bytes) is
refused here; what the fast reader and the exact one would see differently is left to the exact one.
"""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from honestsignals.errors import InputError, Problem, bad_input

CHUNK = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Blanks between a delimiter and a quote: the fast reader drops them, the format (RFC 4180) keeps them.
_BLANKS_AROUND_QUOTES = re.compile(rb'[,;\t|\r\n][ \t]+"|"[ \t]+[,;\t|\r\n"]')
_CARRIED = 256


@dataclass(frozen=True)
class ByteFacts:
    """What the bytes of a file say about how it may be read.

    Attributes
    ----------
    plain_lines : bool
        Every line ends in the same way, LF or CRLF.
    even_quotes : bool
        Quotes come in pairs, so none is left open.
    blanks_around_quotes : bool
        A blank stands between a delimiter and a quote.
    """

    plain_lines: bool
    even_quotes: bool
    blanks_around_quotes: bool


@dataclass
class _Counts:
    quotes: int = 0
    feeds_alone: bool = False
    returns_alone: bool = False
    pairs: bool = False
    spaced: bool = False


def is_gzip(path: Path) -> bool:
    """Whether the file is gzipped, whatever its name says."""
    with path.open("rb") as handle:
        return handle.read(2) == GZIP_MAGIC


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, unpacked."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


def look_at_bytes(path: Path, name: str) -> ByteFacts:
    """Read every byte once; refuse what is not whole, not UTF-8 or holds NUL bytes.

    Parameters
    ----------
    path : Path
        The file, gzipped or not.
    name : str
        Its name in messages.

    Returns
    -------
    ByteFacts
    """
    counts = _Counts()
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    carried = b""
    offset = 0
    for chunk in _chunks(path, name):
        if not offset and chunk.startswith(UTF16_MARKS):
            raise _broken(name, None, "is not UTF-8: it begins like UTF-16; save it as UTF-8")
        wrong = _wrong_text(chunk, decoder)
        if wrong is not None:
            raise _broken(name, _line_of(path, offset + wrong[0]), wrong[1])
        _count(chunk, carried, counts)
        carried = chunk[-_CARRIED:]
        offset += len(chunk)
    if decoder.getstate()[0]:
        raise _broken(name, _line_of(path, offset), "ends within a character: the file is not whole")
    counts.spaced = counts.spaced or _has_blanks_around_quotes(carried + b"\n")
    return ByteFacts(
        plain_lines=not counts.returns_alone and not (counts.pairs and counts.feeds_alone),
        even_quotes=counts.quotes % 2 == 0,
        blanks_around_quotes=counts.spaced,
    )


def _chunks(path: Path, name: str) -> Iterator[bytes]:
    try:
        with open_bytes(path) as handle:
            while chunk := handle.read(CHUNK):
                # So that CR and LF of one line end are never in two chunks.
                yield chunk + handle.read(1) if chunk.endswith(b"\r") else chunk
    except EOFError:
        raise _broken(name, None, "is a gzip file that was cut short: its end is missing") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _broken(name, None, f"is a gzip file that is damaged ({error})") from None


def _wrong_text(chunk: bytes, decoder: codecs.IncrementalDecoder) -> tuple[int, str] | None:
    """Place and rule of the first byte that is no text; pure ASCII, the usual case, is not decoded."""
    if b"\0" in chunk:
        return chunk.index(b"\0"), "holds a NUL byte: the file is damaged, or no text"
    waiting = decoder.getstate()[0]
    if chunk.isascii() and not waiting:
        return None
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as error:
        rule = f"holds the byte 0x{error.object[error.start]:02x}, which is not UTF-8 (Latin-1 perhaps)"
        return max(error.start - len(waiting), 0), rule + "; save the file as UTF-8"
    return None


def _count(chunk: bytes, carried: bytes, counts: _Counts) -> None:
    if b"\r" in chunk:
        returns, feeds, pairs = chunk.count(b"\r"), chunk.count(b"\n"), chunk.count(b"\r\n")
        counts.pairs = counts.pairs or pairs > 0
        counts.returns_alone = counts.returns_alone or returns > pairs
        counts.feeds_alone = counts.feeds_alone or feeds > pairs
    else:
        counts.feeds_alone = counts.feeds_alone or b"\n" in chunk
    if b'"' in chunk or b'"' in carried:
        counts.quotes += chunk.count(b'"')
        counts.spaced = counts.spaced or _has_blanks_around_quotes(carried + chunk)


def _has_blanks_around_quotes(data: bytes) -> bool:
    # The search takes as long as reading the file, so it waits for something to find.
    if not any(pair in data for pair in (b' "', b'" ', b'\t"', b'"\t')):
        return False
    return _BLANKS_AROUND_QUOTES.search(data) is not None


def _line_of(path: Path, offset: int) -> int:
    """The line that a byte is on."""
    with open_bytes(path) as handle:
        return handle.read(offset).count(b"\n") + 1


def _broken(name: str, line: int | None, rule: str) -> InputError:
    return bad_input([Problem(name, line, None, None, rule)])
