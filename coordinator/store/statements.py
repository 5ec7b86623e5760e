"""Every statement that Amends sends to its own database, each with its purpose.

Arrays travel, not rows: one statement carries a whole batch. Times are milliseconds since 1970. The plans must not
depend on how full a table happens to be when a statement is first planned (an outbox is empty then, and again every
now and then), so the ids come as ``= ANY(array)`` or in a scalar subquery, which leave the planner no choice but
the index (see ``connection.STEADY_PLANS``).
"""

import re
from collections.abc import Sequence
from functools import cache


def _ms(column: str) -> str:
    return f"(extract(epoch FROM {column}) * 1000)::bigint"


_WRITE_HISTORY = """
    INSERT INTO history (saga_id, seq, events, at)
    SELECT w.saga_id, w.seq, w.events::json, to_timestamp(w.at / 1000)
    FROM unnest($1::text[], $2::int[], $3::text[], $4::float8[]{types}) AS w (saga_id, seq, events, at{names})
    WHERE (w.seq <= 1 OR (SELECT true FROM history AS p WHERE p.saga_id = w.saga_id AND p.seq = w.seq - 1))
          {guard}
    ON CONFLICT (saga_id, seq) DO NOTHING
    RETURNING saga_id
"""

# Rows of rounds that are over are deleted, and a key that was deleted meanwhile is free again, whatever this statement
# saw when it began. So whoever writes to a saga in a later round locks its row first, and looks at the round then.
# Whoever takes it to be in its first round finds the key taken, for all that he could want stay: most sagas have no
# other round, and pay nothing.
_GUARDED = {
    "types": ", $5::int[]",
    "names": ", first_row",
    "guard": """AND (w.first_row = 1 OR (SELECT true FROM saga AS s
                                    WHERE s.saga_id = w.saga_id AND s.first_row = w.first_row FOR NO KEY UPDATE))""",
}
_NOT_GUARDED = {"types": "", "names": "", "guard": ""}


def write_history(*, rounds: bool) -> str:
    """Adds a batch's rows to the histories and returns whose landed.

    A row whose key is taken, or whose predecessor is missing (the database was restored to a time before it), does not
    land; the others do. ``rounds``: some of the sagas are not in their first round any more.
    """
    return _WRITE_HISTORY.format(**(_GUARDED if rounds else _NOT_GUARDED))


_OVER = """
    h.saga_id = ANY($1) AND h.saga_id = o.saga_id AND h.seq >= o.first_row AND h.seq < o.next_row
    AND {for_the_fence} (o.first_row = 1 OR (h.seq = o.first_row AND (
        SELECT p.events::text FROM history AS p WHERE p.saga_id = o.saga_id AND p.seq = o.first_row - 1
    ) IS NOT DISTINCT FROM '[]')) AND {won}
"""

# Deletes the rows of rounds that are over, from their first to the one with which the next round begins; but for those
# of the first round and the one behind it.
_FORGET = f"""
    DELETE FROM history AS h USING unnest($1::text[], $2::int[], $3::int[]) AS o (saga_id, first_row, next_row)
    WHERE {_OVER.format(for_the_fence="NOT", won="{won}")}
"""

# Empties these. The one behind the first round is told by the blank from those of it: the row behind that may go, also
# where each round is a single row.
_EMPTY = f"""
    UPDATE history AS h SET events = CASE WHEN o.first_row = 1 THEN '[]' ELSE '[ ]' END::json
    FROM unnest($1::text[], $2::int[], $3::int[]) AS o (saga_id, first_row, next_row)
    WHERE {_OVER.format(for_the_fence="", won="{won}")}
"""

_START_SAGAS = """
    INSERT INTO saga (saga_id, definition, version, input, shard, traceparent, parent,
                      status, wake_at, outcome, parked_for, ended_at, started_at, updated_at{names})
    SELECT s.saga_id, s.definition, s.version, s.input::json, s.shard, s.traceparent, s.parent,
           s.status, to_timestamp(s.wake_at / 1000), s.outcome::json, s.parked_for, to_timestamp(s.ended_at / 1000),
           to_timestamp(s.at / 1000), to_timestamp(s.at / 1000){values}
    FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[],
                $8::text[], $9::float8[], $10::text[], $11::text[], $12::float8[], $13::float8[]{types})
         AS s (saga_id, definition, version, input, shard, traceparent, parent,
               status, wake_at, outcome, parked_for, ended_at, at{names})
    WHERE {won}
"""

_CHANGE_SAGAS = """
    UPDATE saga
    SET status = c.status, wake_at = to_timestamp(c.wake_at / 1000), outcome = c.outcome::json,
        parked_for = c.parked_for, ended_at = to_timestamp(c.ended_at / 1000), updated_at = to_timestamp(c.at / 1000)
        {values}
    FROM unnest($1::text[], $2::text[], $3::float8[], $4::text[], $5::text[], $6::float8[], $7::float8[]{types})
         AS c (saga_id, status, wake_at, outcome, parked_for, ended_at, at{names})
    WHERE saga.saga_id = ANY($1) AND saga.saga_id = c.saga_id AND {won}
"""

_KEEP_OUTBOX = """
    INSERT INTO outbox (command_id, attempt, saga_id, topic, headers, value, at)
    SELECT r.command_id, r.attempt, r.saga_id, r.topic, r.headers, r.value, to_timestamp(r.at / 1000)
    FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::bytea[], $6::bytea[], $7::float8[])
         AS r (command_id, attempt, saga_id, topic, headers, value, at)
    WHERE {won}
    ON CONFLICT (command_id) DO UPDATE
    SET attempt = excluded.attempt, topic = excluded.topic, headers = excluded.headers, value = excluded.value,
        at = excluded.at
"""

_DELETE_CONFIRMED = """
    DELETE FROM outbox
    WHERE command_id = ANY($1::text[]) AND {not_kept}
          AND ((command_id, attempt) IN (SELECT * FROM unnest($1::text[], $2::int[]))) IS TRUE
"""

# What few sagas need travels only in batches in which one of them does: what its code shows, another round.
_SHOWN = ("shown bool", "status_line text", "attributes text")
_ROUND = ("round int", "next_version int", "next_row int")
_SHOWN_VALUES = """,
        status_line = CASE WHEN c.shown THEN c.status_line ELSE saga.status_line END,
        attributes = CASE WHEN c.shown THEN c.attributes::jsonb ELSE saga.attributes END"""
_ROUND_VALUES = """,
        round = coalesce(c.round, saga.round), version = coalesce(c.next_version, saga.version),
        first_row = coalesce(c.next_row, saga.first_row)"""


def _more(columns: Sequence[str], taken: int) -> dict[str, str]:
    """Names and types of further columns, behind so many."""
    parts = [column.split() for column in columns]
    return {
        "names": "".join(f", {name}" for name, _ in parts),
        "types": "".join(f", ${taken + number}::{type}[]" for number, (_, type) in enumerate(parts, 1)),
    }


def start_sagas(*, shown: bool, rounds: bool, won: str = "true") -> str:
    """Adds the rows of sagas that begin."""
    more = [*(_SHOWN[1:] if shown else ()), *(_ROUND[:1] if rounds else ())]
    values = (", s.status_line, s.attributes::jsonb" if shown else "") + (", s.round" if rounds else "")
    return _START_SAGAS.format(won=won, values=values, **_more(more, 13))


def change_sagas(*, shown: bool, rounds: bool, won: str = "true") -> str:
    """Changes the rows of sagas."""
    more = [*(_SHOWN if shown else ()), *(_ROUND if rounds else ())]
    values = (_SHOWN_VALUES if shown else "") + (_ROUND_VALUES if rounds else "")
    return _CHANGE_SAGAS.format(won=won, values=values, **_more(more, 7))


# The same pieces for a transaction that is written statement by statement, of winners only.
FORGET = _FORGET.format(won="true")
EMPTY = _EMPTY.format(won="true")
KEEP_OUTBOX = _KEEP_OUTBOX.format(won="true")
DELETE_CONFIRMED = _DELETE_CONFIRMED.format(not_kept="true")


@cache
def commit_batch(
    *,
    starts: bool,
    changes: bool,
    shown: bool,
    rounds: bool,
    over: bool,
    outbox: bool,
    confirmed: bool,
) -> str:
    """Writes a batch: histories, saga rows and outbox rows of those that won, and the deletion of what Kafka has.

    Only with the parts that have rows: each costs Postgres some 10 µs though it writes nothing, and when little is
    going on two of four are empty. The parameters are the columns of the histories, the starts and the changes, of the
    rounds that are over, of the outbox and of what is confirmed, in this order.
    """
    taken = 0

    def piece(sql: str) -> str:
        """The statement with its parameters numbered behind those of the pieces before it."""
        nonlocal taken
        first = taken
        taken += max(int(number) for number in re.findall(r"\$(\d+)", sql))
        return re.sub(r"\$(\d+)", lambda match: f"${int(match[1]) + first}", sql)

    # IS TRUE keeps the planner from making a join of it: a hash, built once, whatever it believes about sizes.
    won = "({}.saga_id IN (SELECT saga_id FROM written)) IS TRUE"
    # All parts see the tables as they were before: a row that is replaced by a newer attempt must not be deleted too.
    not_kept = "command_id NOT IN (SELECT command_id FROM kept)" if outbox else "true"
    pieces = [f"written AS ({piece(write_history(rounds=rounds))})"]
    if starts:
        pieces.append(f"started AS ({piece(start_sagas(shown=shown, rounds=rounds, won=won.format('s')))})")
    if changes:
        pieces.append(f"changed AS ({piece(change_sagas(shown=shown, rounds=rounds, won=won.format('c')))})")
    if over:
        of_winners = won.format("o")
        forget, empty = _FORGET.format(won=of_winners), _EMPTY.format(won=of_winners)
        pieces.append(piece(f"forgotten AS ({forget}), emptied AS ({empty})"))
    if outbox:
        pieces.append(f"kept AS ({piece(_KEEP_OUTBOX.format(won=won.format('r')))} RETURNING command_id)")
    if confirmed:
        pieces.append(f"confirmed AS ({piece(_DELETE_CONFIRMED.format(not_kept=not_kept))})")
    return f"WITH {', '.join(pieces)} SELECT saga_id FROM written"


# Reads sagas with their whole histories, as far as these are kept.
LOAD = f"""
    SELECT saga_id, {_ms("wake_at")} AS wake_at, shard,
           ARRAY(SELECT h.events FROM history AS h WHERE h.saga_id = saga.saga_id AND h.seq >= first_row
                 ORDER BY h.seq) AS rows
    FROM saga
    WHERE saga_id = ANY($1::text[])
"""

# Finds sagas whose time has come.
DUE = f"""
    SELECT {_ms("wake_at")} AS wake_at, saga_id, shard
    FROM saga
    WHERE wake_at <= to_timestamp($1::float8 / 1000)
          AND (wake_at, saga_id) > (to_timestamp($2::float8 / 1000), $3::text)
    ORDER BY saga.wake_at, saga_id
    LIMIT $4
"""

# Finds commands that were decided a while ago, or by a clock that was ahead, and that Kafka has not acknowledged.
LEFTOVERS = """
    SELECT command_id, attempt, saga_id, topic, headers, value
    FROM outbox
    WHERE (at < to_timestamp($1::float8 / 1000) OR at > to_timestamp($2::float8 / 1000)) AND command_id > $3::text
    ORDER BY command_id
    LIMIT $4
"""

# Finds local steps, which their coordinators run themselves.
LOCAL_ROWS = """
    SELECT command_id, attempt, saga_id, topic, headers, value
    FROM outbox
    WHERE starts_with(topic, 'local:') AND command_id > $1::text
    ORDER BY command_id
    LIMIT $2
"""

# Finds what is on its way for some sagas. ';' is the character behind ':': the ids '<saga>:…', and since a key may
# hold a ':' too, of these the saga's own.
OUTBOX_OF = """
    SELECT o.command_id, o.attempt, o.saga_id, o.topic, o.headers, o.value
    FROM unnest($1::text[]) AS wanted (saga_id),
         LATERAL (SELECT * FROM outbox
                  WHERE command_id > wanted.saga_id || ':' AND command_id < wanted.saga_id || ';'
                        AND saga_id = wanted.saga_id
                  ORDER BY command_id
                  OFFSET 0) AS o
"""

# Finds sagas that wait for the right code.
PARKED_FOR_CODE = """
    SELECT saga_id, shard FROM saga WHERE parked_for = 'code' AND saga_id > $1::text ORDER BY saga_id LIMIT $2
"""

# Tells the time. A test may move it: ALTER DATABASE … SET amends.clock_ahead = '30 days'.
TIME = """
    SELECT (extract(epoch FROM clock_timestamp()
                               + coalesce(nullif(current_setting('amends.clock_ahead', true), ''), '0')::interval)
            * 1000)::bigint
"""

# Tells whether this session could write.
PING = "SELECT current_setting('transaction_read_only') = 'off'"

_VIEW = f"""
    SELECT saga_id, definition, version, status, input, outcome, parked_for, {_ms("wake_at")} AS wake_at,
           {_ms("started_at")} AS started_at, {_ms("ended_at")} AS ended_at, traceparent, parent,
           status_line, attributes, round
"""

# Reads one saga as people see it.
SAGAS = f"{_VIEW} FROM saga WHERE saga_id = ANY($1::text[])"

_PAGE = f"""
    {_VIEW}
    FROM unnest($1::text[]) AS wanted (state),
         LATERAL (SELECT * FROM saga
                  WHERE {{filter}} AND status = wanted.state
                        AND (started_at, saga_id) < (to_timestamp($2::float8 / 1000), $3::text)
                  ORDER BY started_at DESC, saga_id DESC
                  LIMIT $4) AS page
    ORDER BY page.started_at DESC, saga_id DESC
    LIMIT $4
"""

# Lists the newest sagas of some statuses: the newest of each, which an index has in order, and of these the newest.
NEWEST = _PAGE.format(filter="true")

# Lists the newest sagas of one definition.
NEWEST_OF_DEFINITION = _PAGE.format(filter="definition = $5")

# Lists the newest that one saga has had begun.
NEWEST_OF_PARENT = _PAGE.format(filter="parent = $5 AND definition = coalesce($6::text, definition)")

# Lists the newest of those sagas that have all attributes of one of these objects. Of their index nothing else can be
# asked, so it is asked first; of each that it finds only the id goes into the sorting.
NEWEST_WITH_ATTRIBUTES = f"""
    WITH found AS MATERIALIZED (
        SELECT saga_id, definition, parent, status, started_at FROM saga
        WHERE attributes IS NOT NULL AND attributes @> ANY($5::text[]::jsonb[])
    )
    {_VIEW}
    FROM saga
    WHERE saga_id = ANY(ARRAY(
        SELECT saga_id FROM found
        WHERE status = ANY($1::text[]) AND definition = coalesce($6::text, definition)
              AND ($7::text IS NULL OR parent = $7)
              AND (started_at, saga_id) < (to_timestamp($2::float8 / 1000), $3::text)
        ORDER BY started_at DESC, saga_id DESC
        LIMIT $4
    ))
    ORDER BY saga.started_at DESC, saga_id DESC
"""

# Reads a saga's history.
HISTORY = f"""
    SELECT seq, {_ms("at")} AS at, events FROM history
    WHERE saga_id = $1 AND seq > $2 AND seq >= coalesce((SELECT first_row FROM saga WHERE saga_id = $1), 1)
    ORDER BY seq
    LIMIT $3
"""
