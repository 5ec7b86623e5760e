"""docs/message-protocol.md says what the schemas say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.header_schemas import ANSWERS, REQUESTS
from contracts.lifecycle_message import CHANGES
from contracts.topics import Topics
from contracts.values import MAX_UNDO_BYTES, MAX_VALUE_BYTES
from tests.contracts.wire import committed_document

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "message-protocol.md").read_text(encoding="utf-8")
SCHEMAS = committed_document()["components"]["schemas"]
HEADERS = {name: schema for name, schema in SCHEMAS.items() if name.endswith(".headers")}


def section(title: str) -> str:
    """The text of a chapter."""
    return re.split(r"^## ", TEXT.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def examples(title: str) -> list[Any]:
    """The JSON examples of a chapter."""
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", section(title), re.DOTALL)]


def conforms(schema: str, value: Any) -> None:
    Draft202012Validator({"$ref": f"#/components/schemas/{schema}", **committed_document()}).validate(value)


@pytest.mark.parametrize(
    ("title", "number", "schema"),
    [
        ("Commands", 0, "flights.reserve.arguments"),
        ("Undos", 0, "flights.reserve.undo"),
        ("Requests", 0, "request.start"),
        ("Requests", 1, "request.start"),
        ("Requests", 2, "request.signal"),
        ("Requests", 3, "request.update"),
        ("Requests", 4, "request.cancel"),
        ("Requests", 5, "call"),
        ("Lifecycle", 0, "saga.changed"),
    ],
)
def test_examples_conform(title: str, number: int, schema: str) -> None:
    """Each JSON example of the document is valid under the schema of what it shows."""
    conforms(schema, examples(title)[number])


def test_every_example_is_checked() -> None:
    """There is no JSON example that the test above leaves out."""
    assert TEXT.count("```json") == 9


@pytest.mark.parametrize("schema", HEADERS)
def test_every_header_is_described(schema: str) -> None:
    """Each header that a schema names stands in one of the document's tables."""
    tables = "\n".join(line for line in TEXT.splitlines() if line.startswith("|"))
    assert [name for name in HEADERS[schema]["properties"] if f"`{name}`" not in tables] == []


@pytest.mark.parametrize(
    ("title", "schema"),
    [
        ("Commands", "flights.reserve.headers"),
        ("Replies", "reply.succeeded.headers"),
        ("Requests", "request.start.headers"),
        ("Dead letters", "dead-letter.headers"),
        ("Lifecycle", "saga.changed.headers"),
    ],
)
def test_what_must_be_sent_is_required(title: str, schema: str) -> None:
    """The headers that a chapter demands are those that the schema requires, beside the ones every record has."""
    demanded = set(re.findall(r"^\| `((?:ce_|amends-)\w+)` \| MUST \|", section(title), re.MULTILINE))
    everywhere = {"ce_specversion", "content-type"}
    assert demanded - everywhere == set(HEADERS[schema]["required"]) - everywhere


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_is_described(answer: str) -> None:
    """Each of the answers has its row."""
    assert f"\n| `{answer}` |" in section("Replies")


@pytest.mark.parametrize("request_name", REQUESTS)
def test_every_request_is_described(request_name: str) -> None:
    """Each of the requests has its row."""
    assert f"\n| `{request_name}` |" in section("Requests")


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_described(change: str) -> None:
    """Each of the notices has its place in a table."""
    assert any(f"`{change}`" in row.split("|")[1] for row in section("Lifecycle").splitlines() if row.startswith("|"))


def test_every_topic_is_described() -> None:
    """Each topic has its row."""
    topics = Topics()
    names = [topics.replies, topics.requests, topics.lifecycle, topics.dead_letters, topics.commands("<participant>")]
    assert [name for name in names if f"\n| `{name}` |" not in TEXT] == []


def test_the_limits_are_right() -> None:
    """The document names the limits that the code has."""
    assert f"256 KiB ({MAX_VALUE_BYTES:,} bytes)" in TEXT
    assert MAX_UNDO_BYTES == 3 * MAX_VALUE_BYTES + 1024
    assert "three times that and 1 KiB" in " ".join(TEXT.split())


def test_links_lead_somewhere() -> None:
    """Relative links lead to files, and links within the page to its headings."""
    headings = {
        re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)", TEXT, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (ROOT / "docs" / target.partition("#")[0]).exists(), target
