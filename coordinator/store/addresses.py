"""Addresses of databases: ``postgresql://user:password@host:port/name``, with libpq's options behind a ``?``."""

from urllib.parse import urlsplit

_SCHEMES = ("postgresql", "postgres", "postgresql+asyncpg")


def plain_url(url: str) -> str:
    """The address as asyncpg and libpq read it. ValueError, without the password, when it is none of Postgres."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        found = f"this one with {scheme[:20]}://" if separator else "this one does not"
        raise ValueError(
            f"A database address starts with postgresql:// ({found}): write postgresql://user:password@host:port/name."
        )
    return f"postgresql://{rest}"


def without_password(url: str) -> str:
    """The host, port and name in an address, for messages."""
    parts = urlsplit(plain_url(url))
    return f"{parts.netloc.rpartition('@')[2] or 'localhost'}{parts.path}"
