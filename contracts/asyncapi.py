"""The AsyncAPI 3.0 document of a deployment: every topic, message and operation, from both sides."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from contracts.command import Command
from contracts.contract import Contract
from contracts.header_schemas import (
    ANSWERS,
    REQUESTS,
    call_answer_headers,
    call_headers,
    command_headers,
    dead_letter_headers,
    lifecycle_headers,
    reply_headers,
    request_headers,
)
from contracts.kinds import Kind
from contracts.lifecycle_message import CHANGES, SagaChanged
from contracts.request_message import CancelSaga, SignalSaga, StartSaga, UpdateSaga
from contracts.retry import Retry
from contracts.schemas import (
    GENERATED,
    Schema,
    call_schemas,
    open_schemas,
    problem_schema,
    type_schemas,
    value_schemas,
)

PROTOCOL_VERSION = "1.0.0"

_SCHEMAS = "#/components/schemas/"
_BY_COMMAND_ID = {"location": "$message.header#/ce_commandid", "description": "The ce_id of the command answered."}
_BY_ID = {"location": "$message.header#/ce_id", "description": "The command's id; replies repeat it as ce_commandid."}


def asyncapi_document(contracts: Iterable[type[Contract]]) -> dict[str, Any]:
    """The document for these participants. Topic names start with the parameter ``prefix``, by default ``amends``."""
    document = _Document()
    for contract in contracts:
        if contract.local:
            continue  # nothing of it travels
        document.add_participant(contract)
    document.add_replies()
    document.add_requests()
    document.add_calls()
    document.add_lifecycle()
    document.add_dead_letters()
    return document.written()


class _Document:
    def __init__(self) -> None:
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self.schemas: dict[str, Schema] = {"Problem": problem_schema(), **open_schemas(), "any": {}}
        self.results: list[str] = []
        """Messages that carry the result of one command each."""

    def written(self) -> dict[str, Any]:
        bootstrap = {"default": "localhost:9092", "description": "Host and port of a Kafka broker."}
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": "Amends",
                "version": PROTOCOL_VERSION,
                "description": f"The message protocol of Amends; docs/message-protocol.md has the rules. {GENERATED}",
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {"kafka": {"host": "{bootstrap}", "protocol": "kafka", "variables": {"bootstrap": bootstrap}}},
            "channels": self.channels,
            "operations": self.operations,
            "components": {"messages": self.messages, "schemas": self.schemas},
        }

    def add_participant(self, contract: type[Contract]) -> None:
        """The topic of a participant: its commands and their undos."""
        name = contract.participant
        base = f"{_SCHEMAS}{name}."
        values = value_schemas(contract, base, {"$ref": f"{_SCHEMAS}Problem"})
        self.schemas |= {f"{name}.{key}": schema for key, schema in values.items()}
        channel = f"commands.{name}"
        self._channel(channel, f"Commands and undos for {name}. {contract.description()}")
        for command in contract.commands.values():
            self._command(channel, command)

    def add_replies(self) -> None:
        """The topic of the replies; which result a reply carries follows from the command it names."""
        self._channel("replies", "What participants answer. The result's schema is that of the command answered.")
        payloads = {"refused": "Problem", "failed": "Problem", "progress": "progress", "pending": "pending"}
        for answer in ANSWERS:
            self.schemas[f"reply.{answer}.headers"] = reply_headers(answer)
        for result in self.results:
            self._reply(result, "succeeded", result.replace(".succeeded", ".result"))
        self._reply("undone", "succeeded", "undone")
        for answer, payload in payloads.items():
            self._reply(answer, answer, payload)
        every = list(self.channels["replies"]["messages"])
        self._operation("participants.reply", "send", "replies", every)
        self._operation("coordinator.replies", "receive", "replies", every)

    def add_requests(self) -> None:
        """The topic by which any service starts, signals, updates and cancels sagas."""
        self._channel("requests", "What any service asks of the coordinator. Nothing is answered.")
        for request, value in zip(REQUESTS, (StartSaga, SignalSaga, UpdateSaga, CancelSaga), strict=True):
            name = f"request.{request}"
            self._value(name, value)
            self.schemas[f"{name}.headers"] = request_headers(request)
            self._message("requests", name, f"amends.{name}", name, f"{name}.headers")
            self._operation(f"clients.{request}", "send", "requests", [name])
        self._operation("coordinator.requests", "receive", "requests", [f"request.{each}" for each in REQUESTS])

    def add_calls(self) -> None:
        """Sagas as steps of other sagas: coordinators call, and answer, each other."""
        self.schemas |= call_schemas({"$ref": f"{_SCHEMAS}Problem"})
        self.schemas["call.headers"], self.schemas["call.undo.headers"] = call_headers("forward"), call_headers("undo")
        self.schemas["call.answer.headers"] = call_answer_headers()
        self._message("replies", "call.answer", "amends.reply.<answer>", "any", "call.answer.headers", _BY_COMMAND_ID)
        self.messages["call.answer"]["description"] = (
            "Succeeded: its result; of a detached call its id, of an undo nothing. Refused: why it went "
            "back. Failed: it cannot begin, be undone, or was terminated. Pending: it has begun."
        )
        for call in ("call", "call.undo"):
            self._message("requests", call, "saga.<definition>", call, f"{call}.headers", _BY_ID)
            self.messages[call]["bindings"]["kafka"]["key"]["description"] = "The id of the saga that is called."
            reply = {"channel": {"$ref": "#/channels/replies"}, "messages": [_in("replies", "call.answer")]}
            self._operation(f"coordinator.{call}", "send", "requests", [call], {"reply": reply})
            self._operation(f"coordinator.take_{call}", "receive", "requests", [call], {"reply": reply})
        self._operation("coordinator.answer_call", "send", "replies", ["call.answer"])
        self._operation("coordinator.call_answers", "receive", "replies", ["call.answer"])

    def add_lifecycle(self) -> None:
        """Lifecycle notices."""
        name = "saga.changed"
        self._value(name, SagaChanged)
        self.schemas[f"{name}.headers"] = lifecycle_headers()
        self._channel("lifecycle", "What becomes of sagas, for anyone. Sent where AMENDS_LIFECYCLE asks for it.")
        self._message("lifecycle", name, "amends.saga.<change>", name, f"{name}.headers")
        self.messages[name]["description"] = f"The change is one of {', '.join(CHANGES)}."
        self._operation("coordinator.lifecycle", "send", "lifecycle", [name])
        self._operation("listeners.lifecycle", "receive", "lifecycle", [name])

    def _value(self, name: str, value: type[Struct]) -> None:
        _, structs = type_schemas([value], _SCHEMAS)
        self.schemas[name] = structs.pop(value.__name__)
        self.schemas |= structs

    def add_dead_letters(self) -> None:
        """What could not be read, or belongs to nothing."""
        channel = "dead-letters"
        self.schemas["dead-letter.headers"] = dead_letter_headers()
        self._channel(channel, "Records that could not be read or belong to nothing, as they came, with the reason.")
        self._message(channel, "dead-letter", "dead-letter", "any", "dead-letter.headers")
        self.messages["dead-letter"]["contentType"] = "application/octet-stream"
        self._operation("coordinator.set_aside", "send", channel, ["dead-letter"])
        self._operation("participants.set_aside", "send", channel, ["dead-letter"])
        self._operation("operators.dead_letters", "receive", channel, ["dead-letter"])

    def _command(self, channel: str, command: Command[..., Any]) -> None:
        kind = command.type
        declared = {
            "description": command.doc,
            "x-amends-kind": command.kind.value,
            "x-amends-timeout-ms": command.timeout_ms,
            **_retried(command.retry),
        }
        if command.pending_timeout_ms is not None:
            declared["x-amends-pending-timeout-ms"] = command.pending_timeout_ms
        self.schemas[f"{kind}.headers"] = command_headers(kind, "forward")
        self._message(channel, kind, kind, f"{kind}.arguments", f"{kind}.headers", _BY_ID)
        self.results.append(f"{kind}.succeeded")
        refused = [] if command.kind is Kind.RETRIABLE and command.undo_with is None else ["refused"]
        answers = [f"{kind}.succeeded", *refused, "failed", "progress", "pending"]
        self._both(kind, channel, answers, declared)
        if (undo := command.undo_with) is None:
            return
        retried = {"x-amends-timeout-ms": undo.timeout_ms, **_retried(undo.retry)}
        self.schemas[f"{kind}.undo.headers"] = command_headers(kind, "undo", command.other_undos)
        self._message(channel, f"{kind}.undo", kind, f"{kind}.undo", f"{kind}.undo.headers", _BY_ID)
        self._both(f"{kind}.undo", channel, ["undone", "failed"], retried)

    def _both(self, message: str, channel: str, answers: list[str], declared: dict[str, Any]) -> None:
        reply = {"channel": {"$ref": "#/channels/replies"}, "messages": [_in("replies", name) for name in answers]}
        self._operation(f"coordinator.{message}", "send", channel, [message], {**declared, "reply": reply})
        self._operation(f"participants.{message}", "receive", channel, [message], {**declared, "reply": reply})

    def _reply(self, name: str, answer: str, payload: str) -> None:
        self._message("replies", name, f"amends.reply.{answer}", payload, f"reply.{answer}.headers", _BY_COMMAND_ID)

    def _channel(self, name: str, description: str) -> None:
        prefix = {"default": "amends", "description": "Keeps deployments on one cluster apart."}
        self.channels[name] = {
            "address": f"{{prefix}}.{name}",
            "description": description.strip(),
            "parameters": {"prefix": prefix},
            "messages": {},
        }

    def _message(
        self, channel: str, name: str, event: str, payload: str, headers: str, correlation: dict[str, str] | None = None
    ) -> None:
        key = {"type": "string", "description": "The saga's id."}
        message = {
            "name": event,
            "title": name,
            "headers": {"$ref": f"{_SCHEMAS}{headers}"},
            "payload": {"$ref": f"{_SCHEMAS}{payload}"},
            "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
        }
        self.messages[name] = message if correlation is None else {**message, "correlationId": correlation}
        self.channels[channel]["messages"][name] = {"$ref": f"#/components/messages/{name}"}

    def _operation(
        self, name: str, action: str, channel: str, messages: list[str], more: dict[str, Any] | None = None
    ) -> None:
        self.operations[name] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [_in(channel, message) for message in messages],
            **(more or {}),
        }


def _retried(retry: Retry) -> dict[str, Any]:
    said: dict[str, Any] = {"x-amends-attempts": retry.attempts}
    if retry.total_ms is not None:
        said["x-amends-total-ms"] = retry.total_ms
    if retry.unless:
        said["x-amends-not-retried"] = list(retry.unless)
    if retry.on_exhausted != "undo":
        said["x-amends-on-exhausted"] = "park" if retry.awaits is None else f"await {retry.awaits}"
    return said


def _in(channel: str, message: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}
