"""Addresses of databases: what is given to the driver, and the part of it that may be shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

from honestsignals.errors import ArgumentError, nearest

SCHEMES = {"postgresql": "postgresql", "postgres": "postgresql", "sqlite": "sqlite"}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_HOST = r"(?:\[[0-9A-Fa-f:.%]*\]|[^:@/?#\s,\[\]]*)(?::\d*)?"
_SERVER = re.compile(
    rf"(?:[^:@/\s]*(?::(?P<password>[^@/\s]*))?@)?(?P<host>{_HOST}(?:,{_HOST})*)"
    r"(?:/(?P<database>[^@/?#\s]*))?(?:\?(?P<options>[^#\s]*))?"
)
_SECRET_OPTIONS = ("password", "sslpassword")
_WAIT = 15
"""Seconds that a server may take to answer, where the address does not say."""
_FORM = (
    "The address of the database is not of the form postgresql://user@host:port/database. In a user or"
    " password, write @ as %40, / as %2F, a blank as %20; or leave the password out and set PGPASSWORD, or"
    " use a .pgpass file."
)


@dataclass(frozen=True)
class Address:
    """Where a database is.

    Attributes
    ----------
    dialect : {"postgresql", "sqlite"}
        Which driver reads it.
    target : str
        What the driver is given; may hold a password, so it is never shown.
    shown : str
        The address without user, password and options.
    file : Path or None
        The file of an SQLite database.
    """

    dialect: str
    target: str = field(repr=False)
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    file: Path | None = None

    def clean(self, message: str) -> str:
        """The first line of a driver's message, without its codes, and without a password."""
        for secret in self.secrets:
            message = message.replace(secret, "…")
        line = message.strip().split("\n", 1)[0]
        line = re.sub(r"^(adbc_driver_manager )?[A-Z_]+: ", "", line)
        line = re.sub(r"^\[(libpq|SQLite)\] ", "", line)
        line = re.sub(r"^Failed to (execute|prepare) query( '.*')?: ", "", line)
        return re.sub(r"(\.? SQLSTATE: \w+)?\.?$", "", line)


def is_address(source: object) -> bool:
    """Whether a source is the address of a database, or means to be one.

    >>> is_address("sqlite:///acts.db"), is_address("data/acts.csv")
    (True, False)
    """
    return isinstance(source, str) and _SCHEME.match(source) is not None


def parse_address(text: str) -> Address:
    """What an address says.

    Parameters
    ----------
    text : str
        "postgresql://user@host:port/database", or "sqlite:///path" (four slashes where the path is absolute).

    Returns
    -------
    Address

    Examples
    --------
    >>> parse_address("postgresql://ada:secret@example.org/study?sslmode=require")
    Address(dialect='postgresql', shown='postgresql://example.org/study', file=None)
    """
    scheme, _, rest = text.partition(":")
    dialect = SCHEMES.get(scheme.lower())
    if dialect is None:
        guess = nearest(scheme.split("+")[0], SCHEMES)
        tail = f" Did you mean {guess + '://'!r}?" if guess else ""
        raise ArgumentError(
            f"source begins with {scheme + '://'!r}; databases are 'postgresql://' or 'sqlite:///'.{tail}"
        )
    return _of_a_file(rest) if dialect == "sqlite" else _of_a_server(rest)


def address_of_file(path: Path, shown: str) -> Address:
    """The address of an SQLite file, opened for reading only."""
    return Address("sqlite", f"file:{quote(str(path.resolve()))}?mode=ro", shown, file=path)


def _of_a_file(rest: str) -> Address:
    if not rest.startswith("///") or len(rest) == 3:
        raise ArgumentError(
            "The address of an SQLite database must read sqlite:///path, or sqlite:////path where the path is"
            " absolute."
        )
    return address_of_file(Path(rest[3:]).expanduser(), f"sqlite:{rest}")


def _of_a_server(rest: str) -> Address:
    # what is not understood might hold a password anywhere, so nothing of it is shown
    found = _SERVER.fullmatch(rest[2:]) if rest.startswith("//") else None
    if found is None:
        raise ArgumentError(_FORM)
    options = dict(parse_qsl(found["options"] or "", keep_blank_values=True))
    secrets = {found["password"] or "", *(options.get(name, "") for name in _SECRET_OPTIONS)}
    secrets |= {unquote(secret) for secret in secrets} | {quote(secret, safe="") for secret in secrets}
    target = f"postgresql:{rest}"
    if "connect_timeout" not in options:
        target += f"{'&' if options else '' if rest.endswith('?') else '?'}connect_timeout={_WAIT}"
    shown = f"postgresql://{found['host']}/{found['database'] or ''}"
    return Address("postgresql", target, shown, tuple(sorted(secrets - {""}, key=len, reverse=True)))
