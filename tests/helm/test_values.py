"""The chart's values: the file, its schema and the README say the same."""

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.helm.conftest import CHART

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
VALUES = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
README = (CHART / "README.md").read_text(encoding="utf-8")
FREE = {"image", "database", "kafka", "service", "serviceAccount", "podDisruptionBudget", "migration"}
"""Values that have named parts."""


def names() -> list[str]:
    return [
        f"{name}.{part}" if name in FREE else name
        for name in VALUES
        for part in (VALUES[name] if name in FREE else [""])
    ]


def test_the_schema_is_a_schema() -> None:
    """values.schema.json is valid JSON Schema."""
    Draft7Validator.check_schema(SCHEMA)


def test_defaults_fit_their_schema() -> None:
    """values.yaml conforms to values.schema.json."""
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(VALUES)] == []


def test_every_value_has_a_default() -> None:
    """What the schema allows, values.yaml shows, except for Helm's own `global`."""
    assert SCHEMA["properties"].keys() - VALUES.keys() == {"global"}


@pytest.mark.parametrize("name", names())
def test_every_value_is_documented(name: str) -> None:
    """Each value stands in the README's table."""
    assert re.search(rf"`{re.escape(name)}`", README)


@pytest.mark.parametrize("name", sorted(FREE))
def test_named_parts_are_the_schemas(name: str) -> None:
    """The parts of a value are the same in values.yaml and in the schema."""
    properties: dict[str, Any] = SCHEMA["properties"][name]["properties"]
    assert properties.keys() == VALUES[name].keys()
