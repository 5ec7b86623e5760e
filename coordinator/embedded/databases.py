"""Databases of a PostgreSQL server, made and dropped whole: each test and each participant has its own."""

from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg


def database_url(server: str, database: str) -> str:
    """The URL of one database, given the URL of any database of the same server."""
    parts = urlsplit(server)
    return urlunsplit(parts._replace(scheme="postgresql", path="/" + quote(database, safe="")))


async def server_version(url: str) -> str:
    """As PostgreSQL says it in short: '18.4'."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        version: str = await connection.fetchval("SELECT split_part(current_setting('server_version'), ' ', 1)")
        return version
    finally:
        await connection.close(timeout=5)


async def create_database(server: str, name: str, template: str | None = None) -> None:
    """An empty database, or a copy of the template, to which nobody may be connected meanwhile."""
    await _execute(server, f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template or 'template0')}")


async def drop_database(server: str, name: str) -> None:
    """Drops it, whoever is connected to it; nothing if there is none."""
    await _execute(server, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close(timeout=5)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
