"""The generated files: up to date, and valid by the specifications they claim to follow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from contracts import Contract, generate
from contracts.asyncapi import asyncapi_document
from contracts.command import command as declare
from contracts.generate import CONTRACTS, DIRECTORY, generated
from contracts.schemas import DIALECT, participant_bundle

ASYNCAPI_SCHEMA = Path(__file__).with_name("asyncapi-3.0.0.schema.json")
FILES = sorted(generated())
BUNDLES = [name for name in FILES if name.endswith(".schema.json")]


def read(name: str) -> Any:
    return json.loads((DIRECTORY / name).read_text(encoding="utf-8"))


def references(node: Any) -> Iterator[str]:
    match node:
        case dict():
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for inner in node.values():
                yield from references(inner)
        case list():
            for inner in node:
                yield from references(inner)
        case _:
            pass


def resolve(document: Any, reference: str) -> Any:
    assert reference.startswith("#/"), f"{reference} leaves the document."
    node = document
    for part in reference[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def test_nothing_else_is_committed() -> None:
    """Every file in contracts/generated comes from a contract, but for the description of the HTTP interface."""
    assert sorted({path.name for path in DIRECTORY.iterdir()} - {"openapi.json"}) == FILES


@pytest.mark.parametrize("name", FILES)
def test_committed_equals_generated(name: str) -> None:
    """The committed file is what `python -m contracts.generate` writes."""
    assert (DIRECTORY / name).read_text(encoding="utf-8") == generated()[name]


def test_generate_writes_and_tidies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes every file, removes one whose contract is gone, and leaves the HTTP interface's alone."""
    monkeypatch.setattr(generate, "DIRECTORY", tmp_path)
    for name in ("boats.schema.json", "openapi.json"):
        (tmp_path / name).write_text("{}")
    generate.main()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "openapi.json"])


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_is_json_schema(name: str) -> None:
    """A bundle, and each schema in it, is valid under the 2020-12 metaschema."""
    bundle = read(name)
    assert bundle["$schema"] == DIALECT
    Draft202012Validator.check_schema(bundle)
    for schema in bundle["$defs"].values():
        Draft202012Validator.check_schema(schema)


def test_asyncapi_schemas_are_json_schema() -> None:
    """The AsyncAPI document's schemas are valid under draft 7 (its default) and 2020-12 alike."""
    for schema in read("asyncapi.json")["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", FILES)
def test_references_resolve(name: str) -> None:
    """Every $ref leads somewhere in its own file."""
    document = read(name)
    for reference in references(document):
        resolve(document, reference)


def test_asyncapi_is_valid() -> None:
    """The AsyncAPI document is valid under AsyncAPI's own schema of 3.0.0."""
    validator = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(read("asyncapi.json"))] == []


def test_an_invalid_asyncapi_is_noticed() -> None:
    """AsyncAPI's schema rejects an operation that neither sends nor receives: the check above can fail."""
    document = read("asyncapi.json")
    document["operations"]["participants.reply"]["action"] = "publish"
    validator = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text(encoding="utf-8")))
    assert not validator.is_valid(document)


def test_operations_use_messages_of_their_channel() -> None:
    """An operation names messages of the channel it works on, and so does its reply."""
    for name, operation in read("asyncapi.json")["operations"].items():
        for part in [operation, *([operation["reply"]] if "reply" in operation else [])]:
            prefix = f"{part['channel']['$ref']}/messages/"
            strangers = [message["$ref"] for message in part["messages"] if not message["$ref"].startswith(prefix)]
            assert strangers == [], f"{name} names messages that are not of its channel."


def test_every_message_has_a_sender_and_a_receiver() -> None:
    """What somebody sends, somebody receives, and nothing is described that neither does."""
    document = read("asyncapi.json")
    used: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in document["operations"].values():
        used[operation["action"]] |= {message["$ref"] for message in operation["messages"]}
    every = {f"#/channels/{name}/messages/{m}" for name, c in document["channels"].items() for m in c["messages"]}
    assert used["send"] == used["receive"] == every


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.participant)
def test_bundle_has_every_message_of_a_command(contract: Any) -> None:
    """Per command a bundle has headers, arguments and result, and headers and value of its undo."""
    wanted: set[str] = set()
    for command in contract.commands.values():
        parts = ["headers", "arguments", "result", *(["undo", "undo.headers"] if command.undo_with else [])]
        wanted |= {f"{command.name}.{part}" for part in parts}
    assert wanted <= participant_bundle(contract)["$defs"].keys()


def test_how_long_an_answer_may_be_pending_is_told() -> None:
    """Where the contract says so; where it does not there is no end to it."""

    class Bank(Contract, name="bank"):
        @declare(pending_timeout="3d", nothing_to_undo=True)
        async def approve(self, amount: int) -> None: ...

        @declare(nothing_to_undo=True)
        async def ask(self, amount: int) -> None: ...

    operations = asyncapi_document([Bank])["operations"]
    told = [operations[f"coordinator.bank.{name}"].get("x-amends-pending-timeout-ms") for name in ("approve", "ask")]
    assert told == [3 * 86_400_000, None]
