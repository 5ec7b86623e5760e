"""The rows of one saga of three steps, as the load makes it write them: what the floors write, with nothing around."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from coordinator.runtime.ports import Confirmed, OutboxRow, SagaRowChange, SagaStart, SagaWrite

STEPS = ("first", "second", "third")
_INPUT = '{"number":1,"refuse":false}'
_WORK = '{"work":{"number":1,"refuse":false,"padding":"' + "x" * 150 + '"}}'
_DONE = '{"number":1,"padding":"' + "y" * 150 + '"}'
_AT = 1_795_483_591_414
_HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"three_steps:100000:1"),
    ("ce_type", b"first.work"),
    ("ce_source", b"/amends/sagas/three_steps"),
    ("ce_subject", b"three_steps:100000"),
    ("ce_time", b"2026-01-01T00:00:00.000Z"),
    ("ce_direction", b"forward"),
    ("ce_attempt", b"1"),
    ("ce_replyto", b"amends.replies"),
    ("content-type", b"application/json"),
    ("ce_deadline", b"2026-01-01T00:00:30.000Z"),
)


def _issued(step: int) -> str:
    return (
        f'{{"type":"step_issued","step":{step},"command":"{STEPS[step - 1]}.work","arguments":{_WORK},'
        f'"kind":"compensatable","undoable":true,"at":{_AT},"deadline":{_AT + 30_000}}}'
    )


def _succeeded(step: int) -> str:
    return f'{{"type":"step_succeeded","step":{step},"attempt":1,"result":{_DONE},"at":{_AT}}}'


_STARTED = f'{{"type":"saga_started","definition":"three_steps","version":1,"input":{_INPUT},"at":{_AT}}}'
EVENTS = (
    f"[{_STARTED},{_issued(1)}]",
    f"[{_succeeded(1)},{_issued(2)}]",
    f"[{_succeeded(2)},{_issued(3)}]",
    f'[{_succeeded(3)},{{"type":"saga_completed","result":1,"at":{_AT}}}]',
)
"""Of each transition."""


def writes(saga_ids: Sequence[str]) -> Iterator[tuple[list[SagaWrite], list[Confirmed]]]:
    """The four transitions of these sagas, each as one batch for the store, with the commands confirmed by then."""
    for seq, events in enumerate(EVENTS, start=1):
        last = seq == len(EVENTS)
        start = SagaStart("three_steps", 1, _INPUT.encode(), _AT, 0, None) if seq == 1 else None
        change = None
        if start is not None or last:
            status, outcome = ("completed", b'{"result":1}') if last else ("running", None)
            change = SagaRowChange(status, None if last else _AT + 30_000, outcome, None, _AT if last else None)
        batch = [
            SagaWrite(saga_id, seq, events.encode(), _AT, start, change, () if last else (_outbox(saga_id, seq),))
            for saga_id in saga_ids
        ]
        yield batch, [Confirmed(f"{saga_id}:{seq - 1}", 1) for saga_id in saga_ids] if seq > 1 else []


def _outbox(saga_id: str, step: int) -> OutboxRow:
    topic = f"amends.commands.{STEPS[step - 1]}"
    return OutboxRow(f"{saga_id}:{step}", 1, saga_id, topic, _HEADERS, _WORK.encode())


@dataclass(frozen=True, slots=True)
class Statement:
    """One transition of one saga as one statement, with named parameters: ``:saga_id`` and those given."""

    sql: str
    parameters: Mapping[str, str]

    def positional(self) -> tuple[str, list[str]]:
        """As asyncpg takes it, ``$1`` being the saga's id, and what else to give."""
        names = ["saga_id", *self.parameters]
        sql = re.sub(r"(?<!:):(\w+)", lambda match: f"${names.index(match[1]) + 1}", self.sql)
        return sql, list(self.parameters.values())


_KEEP = """
    INSERT INTO outbox (command_id, attempt, saga_id, topic, headers, value, at)
    SELECT saga_id || chr(58) || {seq}, 1, saga_id, :topic{seq}::text, convert_to(:headers{seq}::text, 'UTF8'),
           convert_to(:value{seq}::text, 'UTF8'), now()
    FROM written"""
_START = """
    INSERT INTO saga (saga_id, definition, version, status, input, shard, wake_at, started_at, updated_at)
    SELECT saga_id, 'three_steps', 1, 'running', :input{seq}::json, 0, now() + interval '30 s', now(), now()
    FROM written"""
_END = """
    UPDATE saga SET status = 'completed', wake_at = NULL, outcome = :outcome{seq}::json, ended_at = now(),
                    updated_at = now()
    FROM written WHERE saga.saga_id = written.saga_id"""
_CONFIRM = """
    DELETE FROM outbox USING written WHERE command_id = written.saga_id || chr(58) || {before} AND attempt = 1"""
_TRANSITION = """
    WITH written AS (
        INSERT INTO history (saga_id, seq, events, at) VALUES (:saga_id::text, {seq}, :events{seq}::json, now())
        ON CONFLICT (saga_id, seq) DO NOTHING
        RETURNING saga_id
    ), {parts}
    SELECT saga_id FROM written"""


def statements() -> list[Statement]:
    """The four transitions of one saga, one CTE each: history row, saga row where it changes, outbox rows."""
    made: list[Statement] = []
    for seq, events in enumerate(EVENTS, start=1):
        parts = {1: [_START, _KEEP], len(EVENTS): [_END, _CONFIRM]}.get(seq, [_KEEP, _CONFIRM])
        named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts))
        sql = _TRANSITION.replace("{parts}", named).format(seq=seq, before=seq - 1)
        values = {f"events{seq}": events, f"input{seq}": _INPUT, f"value{seq}": _WORK, f"outcome{seq}": '{"result":1}'}
        values |= {f"topic{seq}": f"amends.commands.{STEPS[min(seq, 3) - 1]}", f"headers{seq}": _headers()}
        made.append(Statement(sql, {name: value for name, value in values.items() if f":{name}:" in sql}))
    return made


def _headers() -> str:
    """As long as the store writes them."""
    return "h" * 492
