"""Addresses of databases."""

import pytest

from coordinator.store.addresses import plain_url, without_password


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_spelling_is_read(scheme: str) -> None:
    """Options behind the question mark stay."""
    assert plain_url(f"{scheme}://u:p@h:5432/d?sslmode=require") == "postgresql://u:p@h:5432/d?sslmode=require"


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "h:5432/d", "", "postgresql:u:secret@h"])
def test_another_address_is_refused_without_its_password(url: str) -> None:
    """The message says how to write it, and keeps what is secret."""
    with pytest.raises(ValueError, match="postgresql://user:password@host:port/name") as refused:
        plain_url(url)
    assert "secret" not in str(refused.value)


def test_messages_name_the_place_only() -> None:
    """Host, port and database."""
    assert without_password("postgresql://u:p@h:5432/d?sslmode=require") == "h:5432/d"
    assert without_password("postgresql:///d") == "localhost/d"
