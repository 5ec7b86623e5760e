"""A participant's Postgres: the barrier's table, one of effects and one of what is to be done, row locks, transactions,
savepoints.

It understands the barrier's statements and three inserts, word for word: other statements are an error here.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import asyncpg

from tests.simulation.network import Network, settle
from tests.simulation.process import Process

EFFECT = "INSERT INTO effect (command_id, direction, amount) VALUES"
EFFECT_IF_DONE = (
    "INSERT INTO effect (command_id, direction, amount) SELECT :command_id, :direction, :amount "
    "WHERE EXISTS (SELECT FROM effect WHERE command_id = :command_id)"
)
LOCK_SILENT_S, ROW_SILENT_S = 7.0, 31.0
"""So long at most, in seconds, somebody who says nothing may keep others from a command that takes long: with its lock,
and with its row, in a transaction of the handler's."""
NOTED = "INSERT INTO noted (command_id, amount) VALUES"
_IF_DONE = EFFECT_IF_DONE.partition(" :")[0]


class Effect(NamedTuple):
    """What a handler did. ``amount`` is what it took, or gave back."""

    command_id: str
    direction: str
    amount: int


class Row(NamedTuple):
    """Of the barrier."""

    forward_answer: str | None = None
    forward_value: str | None = None
    undo_answer: str | None = None
    tombstone: bool = False


class Transaction:
    """Uncommitted work, and the rows it holds."""

    def __init__(self, process: Process) -> None:
        self.process = process
        """Whose it is."""
        self.rows: dict[str, Row] = {}
        self.effects: list[Effect] = []
        self.noted: list[tuple[str, int]] = []
        self.held: set[str] = set()
        self.savepoints: list[tuple[str, dict[str, Row], int, int]] = []
        self.waits_for: Transaction | None = None
        self.over = False
        self.heard_at = float("-inf")
        """Since when the server waits for its client."""
        self.shared = False
        """Whether it is a handler's that takes long."""
        self.awaited = False
        """Whether somebody has asked for what such a one holds."""
        self.ended: list[Callable[[], None]] = []


class Database:
    """One server; several worker processes share it."""

    def __init__(self, name: str, network: Network) -> None:
        self.name = name
        self.network = network
        self.away = False
        self.faults: list[str] = []
        """Statements of a newer SDK would otherwise fail without anybody's notice."""
        self.rows: dict[str, Row] = {}
        self.effects: list[Effect] = []
        self.noted: dict[str, list[int]] = {}
        """What is to be done by somebody else, by command id: the amounts, as often as it was noted down."""
        self.on_commit: Callable[[str, Sequence[Effect]], None] = lambda name, effects: None
        self._holders: dict[str, Transaction] = {}
        self._locks: dict[str, Any] = {}
        self._named: dict[str, Process] = {}
        """Where each run of a long handler is, by the name that it has in the row."""

    def begin(self, process: Process) -> Transaction:
        """A new transaction."""
        return Transaction(process)

    def end(self, transaction: Transaction, commit: bool) -> None:
        """Keeps or forgets what it did, and lets go of its rows."""
        if transaction.over:
            if commit:
                raise asyncpg.exceptions.ConnectionDoesNotExistError("The transaction was ended by the server.")
            return
        transaction.over = True
        if commit:
            self._judge_run(transaction)
            self.rows.update(transaction.rows)
            self.effects.extend(transaction.effects)
            for command_id, amount in transaction.noted:
                self.noted.setdefault(command_id, []).append(amount)
            if transaction.effects:
                self.network.trace(self.name, "did", *[f"{each[0]}/{each[1]}" for each in transaction.effects])
                self.on_commit(self.name, transaction.effects)
        for command_id in transaction.held:
            self._holders.pop(command_id, None)
        for callback in transaction.ended:
            callback()

    def execute(self, transaction: Transaction, sql: str, parameters: Sequence[Any]) -> Any:
        """Rows, or a future of them when it has to wait for another transaction."""
        if transaction.over:
            raise asyncpg.exceptions.ConnectionDoesNotExistError("The server has ended the connection.")
        if "amends_barrier" in sql:
            return self._barrier(transaction, sql, parameters)
        if sql.startswith((EFFECT, _IF_DONE)):
            return self._effect(transaction, sql, Effect(*parameters))
        if sql.startswith(NOTED):
            transaction.noted.append((parameters[0], parameters[1]))
            return []
        return self._savepoint(transaction, sql)

    def _not_understood(self, sql: str) -> Exception:
        self.faults.append(f"The database of {self.name} does not understand {sql!r}")
        return asyncpg.exceptions.PostgresSyntaxError(self.faults[-1])

    def is_held(self, command_id: str) -> bool:
        """Whether a transaction has the command's row, or nobody can ask."""
        return self.away or command_id in self._holders

    def has_done(self, command_id: str) -> bool:
        """Whether that was done, be it that it was undone since."""
        return any(each.command_id == command_id for each in self.effects)

    def do_noted(self, command_id: str) -> int | None:
        """Does what was noted down, once, in a transaction of its own: the amount. None: it was undone before."""
        if self.has_done(command_id):
            return self.noted[command_id][0]
        if self.rows[command_id].undo_answer is not None:
            return None
        effect = Effect(command_id, "forward", self.noted[command_id][0])
        self.effects.append(effect)
        self.network.trace(self.name, "did later", command_id)
        self.on_commit(self.name, [effect])
        return effect.amount

    def _effect(self, transaction: Transaction, sql: str, effect: Effect) -> list[Any]:
        """Whoever writes one has the command's row."""
        there = [each.direction for each in (*self.effects, *transaction.effects) if each[0] == effect[0]]
        unwanted = effect.direction in there if "ON CONFLICT" in sql else "EXISTS" in sql and not there
        if not unwanted:
            transaction.effects.append(effect)
        return []

    def lock(self, session: Any, command_id: str) -> list[tuple[bool]]:
        """An advisory lock, of the session's until its end."""
        holder = self._locks.setdefault(command_id, session)
        if holder is not session:
            self._judge_silence("lock", command_id, holder.heard_at, LOCK_SILENT_S)
        return [(holder is session,)]

    def has_locks(self, session: Any) -> bool:
        """Whether there is something to let go of."""
        return any(each is session for each in self._locks.values())

    def unlock(self, session: Any, command_id: str | None = None) -> list[tuple[bool]]:
        """Lets go of it; None: of all that the session has."""
        ids = [*self._locks] if command_id is None else [command_id]
        for each in ids:
            if self._locks.get(each) is session:
                del self._locks[each]
        return [(True,)]

    def _judge_silence(self, what: str, command_id: str, heard_at: float, most_s: float) -> None:
        silent_s = self.network.loop.time() - heard_at
        if silent_s > most_s:
            self.faults.append(
                f"Frozen: nothing was heard for {silent_s:.1f} s of who keeps others from the {what} of {command_id}"
            )

    def _barrier(self, transaction: Transaction, sql: str, parameters: Sequence[Any]) -> Any:
        if sql.startswith("INSERT") and "DO NOTHING RETURNING command_id" in sql and len(parameters) == 1:
            return self._with_rows(transaction, parameters[0], lambda: self._insert(transaction, parameters[0]))
        if sql.startswith("SELECT") and "FOR UPDATE" in sql and len(parameters) == 1:
            return self._with_rows(transaction, parameters[0], lambda: self._read(transaction, parameters[0]))
        if sql.startswith("SELECT") and "FOR SHARE" in sql and len(parameters) == 1:
            ids, transaction.shared = [parameters[0]], True
            return self._with_rows(transaction, ids, lambda: [row[1:4] for row in self._read(transaction, ids)])
        if sql.startswith("SELECT") and "FOR " not in sql and len(parameters) == 1:
            return [(id, *row[:3]) for id in parameters[0] if (row := self.rows.get(id)) is not None]
        if "UPDATE" in sql and "tombstone" in sql and len(parameters) == 5:
            return self._with_rows(transaction, parameters[0], lambda: self._keep(transaction, parameters))
        raise self._not_understood(sql)

    def _keep(self, transaction: Transaction, parameters: Sequence[Any]) -> list[Any]:
        for command_id, *kept in zip(*parameters, strict=True):
            row = transaction.rows[command_id] = Row(*kept)
            if (run := _run(row)) is not None:
                self._named.setdefault(run, transaction.process)
        return []

    def _judge_run(self, transaction: Transaction) -> None:
        """A long handler's transaction is committed by whom the row names."""
        for command_id in transaction.held if transaction.shared else ():
            run = _run(self.rows[command_id])
            if run is None or self._named[run] is not transaction.process:
                self.faults.append(f"Frozen: {transaction.process!r} commits in {command_id}, which is not its own")

    def _savepoint(self, transaction: Transaction, sql: str) -> list[Any]:
        match sql.split():
            case ["SAVEPOINT", name]:
                work = len(transaction.effects), len(transaction.noted)
                transaction.savepoints.append((name, dict(transaction.rows), *work))
            case ["RELEASE", "SAVEPOINT", name]:
                self._back_to(transaction, name)
            case ["ROLLBACK", "TO", "SAVEPOINT", name]:
                _, rows, effects, noted = self._back_to(transaction, name)
                transaction.rows = rows
                del transaction.effects[effects:], transaction.noted[noted:]
            case _:
                raise self._not_understood(sql)
        return []

    def _back_to(self, transaction: Transaction, name: str) -> tuple[str, dict[str, Row], int, int]:
        while transaction.savepoints:
            found = transaction.savepoints.pop()
            if found[0] == name:
                return found
        raise asyncpg.exceptions.InvalidSavepointSpecificationError(f"There is no savepoint {name}.")

    def _with_rows(self, transaction: Transaction, ids: Sequence[str], then: Callable[[], Any]) -> Any:
        """Takes the rows in turn; then does it. A future, when one of them is held by somebody else."""
        for command_id in ids:
            holder = self._holders.get(command_id)
            if holder is None:
                self._holders[command_id] = transaction
                transaction.held.add(command_id)
            elif holder is not transaction:
                return self._wait(transaction, holder, ids, then)
        return then()

    def _wait(self, transaction: Transaction, holder: Transaction, ids: Sequence[str], then: Callable[[], Any]) -> Any:
        each: Transaction | None = holder
        while each is not None:
            if each is transaction:
                raise asyncpg.exceptions.DeadlockDetectedError("deadlock detected")
            each = each.waits_for
        transaction.waits_for = holder
        answer: asyncio.Future[Any] = self.network.loop.create_future()

        def again() -> None:
            transaction.waits_for = None
            if transaction.over:
                return
            try:
                result = self._with_rows(transaction, ids, then)
            except Exception as error:
                if not answer.done():
                    answer.set_exception(error)
                return
            if self.network.is_answer(result):
                self.network.hand_on(result, answer)
            else:
                settle(answer, result)

        holder.ended.append(again)
        if holder.shared and not (holder.awaited or holder.over):
            holder.awaited = True
            self._judge_row(holder, ids)
        return answer

    def _judge_row(self, holder: Transaction, ids: Sequence[str]) -> None:
        """Somebody waits for these rows of a long handler's."""
        if holder.over:
            return
        self._judge_silence("row", ",".join(ids), holder.heard_at, ROW_SILENT_S)
        left_s = holder.heard_at + ROW_SILENT_S - self.network.loop.time()
        if left_s >= 0:
            self.network.after(left_s + 0.001, self._judge_row, holder, ids)

    def _insert(self, transaction: Transaction, ids: Sequence[str]) -> list[tuple[str]]:
        new = [command_id for command_id in ids if command_id not in self.rows and command_id not in transaction.rows]
        for command_id in new:
            transaction.rows[command_id] = Row()
        return [(command_id,) for command_id in new]

    def _read(self, transaction: Transaction, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for command_id in sorted(ids):
            row = transaction.rows.get(command_id) or self.rows.get(command_id)
            if row is not None:
                found.append((command_id, *row))
        return found


def _run(row: Row) -> str | None:
    """Who is at a command that takes long."""
    return json.loads(row.forward_value or "")["run"] if row.forward_answer == "progress" else None
