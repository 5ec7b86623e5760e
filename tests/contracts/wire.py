"""Holds real records against the generated schemas: what travels must be what is promised."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from contracts.topics import Topics
from contracts.values import MAX_UNDO_BYTES, MAX_VALUE_BYTES

ASYNCAPI = Path(__file__).parents[2] / "contracts" / "generated" / "asyncapi.json"
_HOME = "urn:amends:asyncapi"

RecordHeaders = Iterable[tuple[str, bytes]]


@cache
def committed_document() -> Mapping[str, Any]:
    """The committed AsyncAPI document."""
    return json.loads(ASYNCAPI.read_text(encoding="utf-8"))


class Wire:
    """Checks the records of one deployment, and counts what it saw.

    It remembers commands, so that a reply is held against the result of the command it answers; show it the
    commands before the replies. ``document`` is the committed one, or ``asyncapi_document(…)`` of a test's contracts.
    """

    def __init__(self, topics: Topics | None = None, document: Mapping[str, Any] | None = None) -> None:
        self.topics = topics or Topics()
        self.document = document or committed_document()
        self.seen: Counter[str] = Counter()
        """Records by name of the message they were."""
        self._commands: dict[str, str] = {}
        resource = DRAFT202012.create_resource(self.document)
        self._registry = Registry().with_resource(_HOME, resource)
        self._validators: dict[str, Draft202012Validator] = {}

    def check(self, topic: str, headers: RecordHeaders, value: bytes | None, key: bytes | None = None) -> str:
        """The name of the message that the record is. AssertionError, with the reason, when it is none."""
        found = _as_text(topic, headers)
        channel = self._channel(topic)
        name = self._message(channel, found)
        message = self.document["components"]["messages"][name]
        where = f"{topic}: {name} {found.get('ce_id', '')}"
        self._conforms(message["headers"]["$ref"], found, f"{where}: headers")
        if channel == "dead-letters":
            self.seen[name] += 1
            return name
        assert key is None or key.decode() == found.get("ce_child", found.get("ce_subject", key.decode())), (
            f"{where}: the key is {key!r}, expected the saga's id."
        )
        assert value is not None, f"{where}: there is no value."
        limit = MAX_UNDO_BYTES if found.get("ce_direction") == "undo" else MAX_VALUE_BYTES
        assert len(value) <= limit, f"{where}: the value has {len(value)} bytes, over {limit}."
        self._conforms(message["payload"]["$ref"], _json(value, where), f"{where}: value")
        if channel.startswith("commands."):
            self._commands[found["ce_id"]] = found["ce_type"]
        self.seen[name] += 1
        return name

    def _channel(self, topic: str) -> str:
        channel = topic.removeprefix(f"{self.topics.prefix}.")
        known = list(self.document["channels"])
        assert topic != channel, f"{topic} is no topic of this deployment: its prefix is {self.topics.prefix!r}."
        assert channel in known, f"{topic} is no topic of the protocol; there are {known}."
        return channel

    def _message(self, channel: str, headers: Mapping[str, str]) -> str:
        if channel == "replies" and "ce_parent" not in headers and headers["ce_type"] == "amends.reply.succeeded":
            return self._succeeded(headers.get("ce_commandid", ""))
        fits = [name for name in self.document["channels"][channel]["messages"] if self._announces(name, headers)]
        tells = {name: headers.get(name) for name in ("ce_type", "ce_direction")}
        assert len(fits) == 1, (
            f"{channel}: {tells} says {fits or 'nothing that the channel has'}; expected one message."
        )
        return fits[0]

    def _succeeded(self, command_id: str) -> str:
        if command_id.endswith(":undo"):
            return "undone"
        assert command_id in self._commands, f"replies: nobody sent the command {command_id!r} that this reply answers."
        return f"{self._commands[command_id]}.succeeded"

    def _announces(self, name: str, headers: Mapping[str, str]) -> bool:
        reference = self.document["components"]["messages"][name]["headers"]["$ref"]
        schema = self.document["components"]["schemas"][reference.rpartition("/")[2]]
        properties = schema["properties"]
        if ("ce_parent" in headers) != ("ce_parent" in schema["required"]):
            return False
        return all(
            headers.get(header) == properties[header]["const"]
            for header in ("ce_type", "ce_direction")
            if "const" in properties.get(header, {})
        )

    def _conforms(self, reference: str, instance: Any, where: str) -> None:
        validator = self._validators.get(reference)
        if validator is None:
            validator = Draft202012Validator({"$ref": f"{_HOME}{reference}"}, registry=self._registry)
            self._validators[reference] = validator
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
        assert not errors, f"{where}: " + "; ".join(errors)


def validate_record(
    topic: str, headers: RecordHeaders, value: bytes | None, key: bytes | None = None, topics: Topics | None = None
) -> str:
    """Checks one record alone; for a success, which needs its command, use ``Wire``."""
    return Wire(topics).check(topic, headers, value, key)


def _as_text(topic: str, headers: RecordHeaders) -> dict[str, str]:
    pairs = [(name, value.decode()) for name, value in headers]
    names = Counter(name for name, _ in pairs)
    twice = [name for name, count in names.items() if count > 1]
    assert not twice, f"{topic}: the headers {twice} come more than once."
    return dict(pairs)


def _json(value: bytes, where: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise AssertionError(f"{where}: the value is not JSON: {error}.") from error
