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
    returns: int = 0
    feeds: int = 0
    pairs: int = 0
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
    for chunk in _chunks(path, name):
        if not carried and chunk.startswith(UTF16_MARKS):
            raise _broken(name, None, "is not UTF-8: it begins like UTF-16; save it as UTF-8")
        _check_text(chunk, decoder, name, counts)
        _count(chunk, carried, counts)
        carried = chunk[-_CARRIED:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _broken(name, counts.feeds + 1, "ends within a character: the file is not whole") from None
    counts.spaced = counts.spaced or _BLANKS_AROUND_QUOTES.search(carried + b"\n") is not None
    return ByteFacts(
        plain_lines=counts.returns == 0 or counts.returns == counts.feeds == counts.pairs,
        even_quotes=counts.quotes % 2 == 0,
        blanks_around_quotes=counts.spaced,
    )


def _chunks(path: Path, name: str) -> Iterator[bytes]:
    try:
        with open_bytes(path) as handle:
            while chunk := handle.read(CHUNK):
                yield chunk
    except EOFError:
        raise _broken(name, None, "is a gzip file that was cut short: its end is missing") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _broken(name, None, f"is a gzip file that is damaged ({error})") from None


def _check_text(chunk: bytes, decoder: codecs.IncrementalDecoder, name: str, counts: _Counts) -> None:
    """Refuse NUL bytes and what is no UTF-8; pure ASCII, the usual case, is not decoded."""
    if b"\0" in chunk:
        line = counts.feeds + chunk.count(b"\n", 0, chunk.index(b"\0")) + 1
        raise _broken(name, line, "holds a NUL byte: the file is damaged, or no text")
    waiting = decoder.getstate()[0]
    if chunk.isascii() and not waiting:
        return
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as error:
        at = max(error.start - len(waiting), 0)
        line = counts.feeds + chunk.count(b"\n", 0, at) + 1
        rule = f"holds the byte 0x{error.object[error.start]:02x}, which is not UTF-8 (Latin-1 perhaps)"
        raise _broken(name, line, rule + "; save the file as UTF-8") from None


def _count(chunk: bytes, carried: bytes, counts: _Counts) -> None:
    counts.feeds += chunk.count(b"\n")
    returns = chunk.count(b"\r")
    if returns or carried.endswith(b"\r"):
        counts.returns += returns
        counts.pairs += chunk.count(b"\r\n") + (carried.endswith(b"\r") and chunk.startswith(b"\n"))
    quotes = chunk.count(b'"')
    if quotes or carried.endswith(b'"'):
        counts.quotes += quotes
        counts.spaced = counts.spaced or _BLANKS_AROUND_QUOTES.search(carried + chunk) is not None


def _broken(name: str, line: int | None, rule: str) -> InputError:
    return bad_input([Problem(name, line, None, None, rule)])
