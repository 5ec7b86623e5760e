"""A database with the store's schema."""

from tests.database import migrated_template, migrated_url

__all__ = ["migrated_template", "migrated_url"]
