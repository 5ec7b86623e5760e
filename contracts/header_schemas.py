"""JSON Schemas of the Kafka headers of each kind of message. Every header is UTF-8 text."""

from collections.abc import Sequence
from typing import Any

from contracts.command_message import Direction

Schema = dict[str, Any]

ANSWERS = ("succeeded", "refused", "failed", "progress", "pending")
REQUESTS = ("start", "signal", "update", "cancel")

_NAME = "[a-z][a-z0-9_]{0,62}"
_SAGA_ID = rf"{_NAME}:[^\s/?#%\\]+"
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
_FROM_ONE = "^[1-9][0-9]{0,8}$"
_FROM_ZERO = "^[0-9]{1,19}$"


def command_headers(type_name: str, direction: Direction, other_undos: Sequence[str] = ()) -> Schema:
    """Headers of a command (``forward``) or of its undo, for one command type, of which a call may choose among these
    undos besides the declared one."""
    suffix = ":undo" if direction == "undo" else ""
    required = {
        "ce_id": _text(
            "The command's id, the same on every attempt.",
            f"^{_SAGA_ID}:[0-9]{{1,9}}{suffix}$",
            f"book_trip:42:1{suffix}",
        ),
        "ce_type": _only(type_name, "The command; the same for its undo."),
        "ce_source": _text("The saga's definition.", f"^/amends/sagas/{_NAME}$", "/amends/sagas/book_trip"),
        "ce_subject": _saga_id(),
        "ce_time": _instant("When this attempt was decided."),
        "ce_direction": _only(direction, "Do or undo."),
        "ce_attempt": _text("Counts attempts, from 1.", _FROM_ONE, "1"),
        "ce_replyto": _text("The topic the reply goes to.", "^[A-Za-z0-9._-]{1,249}$", "amends.replies"),
        "content-type": _json(),
    }
    optional = {
        "ce_deadline": _instant("When the coordinator stops waiting for this attempt."),
        "ce_replypartition": _text(
            "The partition of that topic that the reply should go to, where that is not its key's.", "^[0-9]{1,9}$", "3"
        ),
    }
    if direction == "forward":
        optional["ce_progress"] = _text(
            "JSON: the details of the last progress that an earlier attempt answered.", ".", '{"done": 120000}'
        )
    if other_undos:
        chosen = "Which undo the call has chosen; without it, the declared one."
        optional["ce_undo"] = {"type": "string", "description": chosen, "enum": list(other_undos)}
    return _headers(required, optional)


def reply_headers(answer: str) -> Schema:
    """Headers of a reply with that answer."""
    required = {
        "ce_id": _text("Unique for every reply sent.", ".", "5f0c9bd8-3d0b-4a52-a6a8-0f6c8d1f4a11"),
        "ce_type": _only(f"amends.reply.{answer}", "What the participant answers."),
        "ce_source": _text("The participant.", f"^/amends/participants/{_NAME}$", "/amends/participants/flights"),
        "ce_subject": _saga_id(),
        "ce_commandid": _text(
            "ce_id of the command or undo answered.", f"^{_SAGA_ID}:[0-9]{{1,9}}(:undo)?$", "book_trip:42:1"
        ),
        "ce_attempt": _text("ce_attempt of the command answered.", _FROM_ONE, "1"),
    }
    optional = {"ce_time": _instant("When the participant answered."), "content-type": _json()}
    return _headers(required, optional)


def call_headers(direction: Direction) -> Schema:
    """Headers of a call of one saga by another (``forward``), or of the undo of such a call."""
    schema = command_headers("saga.<definition>", direction)
    properties = dict(schema["properties"])
    properties["ce_type"] = _text(
        "The definition of the saga that is called; `detached.` where nobody waits for its end.",
        f"^(saga|detached)\\.{_NAME}$",
        "saga.plan_visit",
    )
    properties["ce_child"] = _text(
        "The id of the saga that is called, and the record's key.", f"^{_SAGA_ID}$", "plan_visit:7"
    )
    return {**schema, "properties": properties, "required": [*schema["required"], "ce_child"]}


def call_answer_headers() -> Schema:
    """Headers of what a saga answers to the one that called it."""
    schema = reply_headers("pending")
    properties = dict(schema["properties"])
    properties["ce_type"] = _text(
        "How the called saga stands, or has ended.",
        "^amends\\.reply\\.(succeeded|refused|failed|pending)$",
        "amends.reply.succeeded",
    )
    properties["ce_source"] = _text(
        "The definition that was called.", f"^/amends/sagas/{_NAME}$", "/amends/sagas/plan_visit"
    )
    properties["ce_parent"] = _text(
        "The id of the saga that called, and the record's key.", f"^{_SAGA_ID}$", "plan_tour:7"
    )
    properties["ce_replypartition"] = _text("The partition that the call asked for.", "^[0-9]{1,9}$", "3")
    return {**schema, "properties": properties, "required": [*schema["required"], "ce_parent"]}


def request_headers(name: str) -> Schema:
    """Headers of a request to start, signal or cancel a saga."""
    required = {
        "ce_id": _text(
            "Unique for every request of whatever sender, the same when it is sent again; ce_source does not count.",
            "^.{1,200}$",
            "5f0c9bd8-3d0b-4a52-a6a8-0f6c8d1f4a11",
        ),
        "ce_type": _only(f"amends.request.{name}", "What is asked for."),
        "ce_source": _text("Who asks.", ".", "/shop/orders"),
    }
    if name != "start":
        required["ce_subject"] = _saga_id()
    return _headers(required, {"ce_time": _instant("When it was asked."), "content-type": _json()})


def lifecycle_headers() -> Schema:
    """Headers of a notice of what happened to a saga."""
    required = {
        "ce_id": _text(
            "Unique for every notice; the same if it is sent again.",
            f"^{_SAGA_ID}:[0-9]{{1,9}}:lifecycle$",
            "book_trip:42:2:lifecycle",
        ),
        "ce_type": _text("What happened.", "^amends\\.saga\\.[a-z_]+$", "amends.saga.completed"),
        "ce_source": _text("The saga's definition.", f"^/amends/sagas/{_NAME}$", "/amends/sagas/book_trip"),
        "ce_subject": _saga_id(),
        "ce_time": _instant("When it happened."),
        "ce_number": _text("Counts what happened to the saga, from 1.", _FROM_ONE, "2"),
        "content-type": _json(),
    }
    return _headers(required, {})


def dead_letter_headers() -> Schema:
    """Headers that a dead letter has beside those it came with."""
    required = {
        "amends-reason": _text("A sentence: why it was set aside.", ".", "The header ce_commandid is missing."),
        "amends-topic": _text("The topic it came from.", ".", "amends.replies"),
        "amends-partition": _text("The partition it came from.", _FROM_ZERO, "3"),
        "amends-offset": _text("Its offset there.", _FROM_ZERO, "120034"),
    }
    cut = _text("Its value's length in bytes, where it was too long to be kept whole.", _FROM_ZERO, "1048000")
    return {"type": "object", "properties": {**required, "amends-cut-from": cut}, "required": list(required)}


def _headers(required: dict[str, Schema], optional: dict[str, Schema]) -> Schema:
    required = {"ce_specversion": _only("1.0", "CloudEvents 1.0."), **required}
    trace = {
        "traceparent": _text(
            "W3C Trace Context.",
            "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        "tracestate": {"type": "string", "description": "W3C Trace Context."},
    }
    return {"type": "object", "properties": {**required, **optional, **trace}, "required": list(required)}


def _saga_id() -> Schema:
    return _text("The saga's id, and the record's key.", f"^{_SAGA_ID}$", "book_trip:42")


def _instant(description: str) -> Schema:
    return _text(f"{description} RFC 3339.", _INSTANT, "2026-03-01T12:00:00.250Z")


def _json() -> Schema:
    return _text("JSON.", "^application/json", "application/json")


def _text(description: str, pattern: str, example: str) -> Schema:
    return {"type": "string", "description": description, "pattern": pattern, "examples": [example]}


def _only(value: str, description: str) -> Schema:
    return {"type": "string", "description": description, "const": value}
