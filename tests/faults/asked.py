"""The sagas that a test asks for: what was acknowledged, how each must end, and what the oracle says of them."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import asyncpg
import httpx

from coordinator.catalogue import DEFINITIONS
from coordinator.saga import Definitions
from tests.faults.evidence import Evidence, read_evidence
from tests.faults.oracle import judge
from tests.faults.queues import unread
from tests.faults.system import System
from tests.faults.waiting import WITHIN_S, until

_ANSWER_S = 6.0
_AGAIN_AT_ONCE = 20
_AGAIN_AFTER_S = 0.5


UNANSWERED = (httpx.TransportError, AttributeError)
"""Nobody answered. The second is what anyio makes of a connection that is reset while it is being made."""


class Asked:
    """Asks coordinators for sagas, and keeps in mind what it asked for."""

    def __init__(self, system: System, definitions: Definitions = DEFINITIONS) -> None:
        self.system = system
        self.expected: dict[str, str] = {}
        """Every saga asked for, and how it must end."""
        self.acknowledged: set[str] = set()
        self._definitions = definitions
        self._bodies: dict[str, dict[str, Any]] = {}
        self._http = httpx.AsyncClient(timeout=_ANSWER_S, limits=httpx.Limits(max_keepalive_connections=0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def start(
        self, definition: str, key: str, input: Any, expected: str, coordinators: Sequence[int] = (0,)
    ) -> str:
        """Asks for one saga, of each of these coordinators at the same time; its id. The answer may be lost on the
        way: see ``acknowledged``."""
        saga_id = self.expect(definition, key, input, expected)
        await asyncio.gather(*(self._post(saga_id, number) for number in coordinators))
        return saga_id

    async def again(self, coordinator: int = 0) -> None:
        """Asks once more for what was never acknowledged, as clients do: a few at a time, and not without a break,
        since what is between us and a coordinator may run in this very process."""
        while lost := [*self._bodies.keys() - self.acknowledged]:
            before = len(self.acknowledged)
            for start in range(0, len(lost), _AGAIN_AT_ONCE):
                some = lost[start : start + _AGAIN_AT_ONCE]
                await asyncio.gather(*(self._post(saga_id, coordinator) for saga_id in some))
            if len(self.acknowledged) == before:
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def _post(self, saga_id: str, coordinator: int) -> None:
        try:
            response = await self._http.post(f"{self.system.url(coordinator)}/v1/sagas", json=self._bodies[saga_id])
        except UNANSWERED:
            return
        if response.status_code in (200, 202):
            self.acknowledged.add(saga_id)
        else:
            assert response.status_code in (429, 503), response.text

    async def signal(self, saga_id: str, name: str, value: Any, id: str, coordinator: int = 0) -> bool:
        """Whether this coordinator took the signal, now or before; False when it refused it, or did not answer."""
        url = f"{self.system.url(coordinator)}/v1/sagas/{saga_id}/signals/{name}"
        try:
            response = await self._http.post(url, json=value, headers={"Idempotency-Key": id})
        except UNANSWERED:
            return False
        assert response.status_code in (202, 409, 429, 503), response.text
        return response.status_code == 202

    async def update(
        self, saga_id: str, name: str, value: Any, id: str, coordinator: int = 0, *, start: bool = False
    ) -> dict[str, Any] | None:
        """What the saga answered, or why it refuses (``code``, ``refusal``); None: nobody answered, or not yet.

        ``start``: with the start of the saga, as that was asked for before.
        """
        url = f"{self.system.url(coordinator)}/v1/sagas"
        try:
            if start:
                body = {**self._bodies[saga_id], "update": {"name": name, "value": value, "id": id}}
                response = await self._http.post(url, json=body, headers={"Prefer": "wait=5"})
            else:
                headers = {"Prefer": "wait=5", "Idempotency-Key": id}
                response = await self._http.post(f"{url}/{saga_id}/updates/{name}", json=value, headers=headers)
        except UNANSWERED:
            return None
        assert response.status_code in (200, 202, 409, 429, 503), response.text
        return response.json() if response.status_code in (200, 409) else None

    async def answer(self, command_id: str, answer: dict[str, Any], coordinator: int = 0) -> int:
        """The status of an answer to a command by its id."""
        url = f"{self.system.url(coordinator)}/v1/commands/{command_id}/answer"
        return (await self._http.post(url, json=answer)).status_code

    async def query(self, saga_id: str, name: str, coordinator: int = 0) -> Any:
        """What the saga says of itself."""
        response = await self._http.post(f"{self.system.url(coordinator)}/v1/sagas/{saga_id}/queries/{name}")
        assert response.status_code == 200, response.text
        return response.json()["answer"]

    def expect(self, definition: str, key: str, input: Any, expected: str) -> str:
        """A saga that is going to be asked for; its id."""
        saga_id = f"{definition}:{key}"
        self.expected[saga_id] = expected
        self._bodies[saga_id] = {"definition": definition, "key": key, "input": input}
        return saga_id

    async def act(self, saga_id: str, act: str, reason: str = "why", coordinator: int = 0) -> int:
        """What a person does to the saga; the status of the answer."""
        url = f"{self.system.url(coordinator)}/v1/sagas/{saga_id}/{act}"
        return (await self._http.post(url, json={"reason": reason})).status_code

    async def it_is(self, ahead: str) -> None:
        """The time of the deployment, for coordinators that are started from here on."""
        database = (await self.fetch("SELECT current_database() AS name"))[0]["name"]
        await self.fetch(f"ALTER DATABASE \"{database}\" SET amends.clock_ahead = '{ahead}'")

    async def moved_on(self, ahead: str) -> None:
        """The first coordinator is killed; so much later the second is started."""
        self.system.coordinators[0].kill()
        await self.system.coordinators[0].ended()
        await self.it_is(ahead)
        await self.system.start_coordinator(1)

    async def events(self, saga_id: str) -> list[str]:
        """The types of its history's events so far."""
        found = await self.fetch(
            "SELECT e ->> 'type' AS type FROM history, json_array_elements(events) WITH ORDINALITY AS x (e, place) "
            "WHERE saga_id = $1 ORDER BY seq, place",
            saga_id,
        )
        return [row["type"] for row in found]

    async def reached(self, saga_id: str, type: str, count: int = 1) -> None:
        """Returns once its history has so many events of the type."""

        async def enough() -> bool:
            return (await self.events(saga_id)).count(type) >= count

        await until(enough)

    async def in_round(self, saga_id: str, number: int) -> None:
        """Returns once it is in this round, or a later one."""

        async def there() -> bool:
            rows = await self.fetch("SELECT round FROM saga WHERE saga_id = $1", saga_id)
            return bool(rows) and rows[0]["round"] >= number

        await until(there, within_s=600)

    async def under_way(self, rows: int) -> None:
        """Returns once the histories of all together have so many rows."""

        async def enough() -> bool:
            statement = "SELECT count(*) AS rows FROM history WHERE saga_id = ANY($1)"
            return (await self.fetch(statement, [*self._bodies]))[0]["rows"] >= rows

        await until(enough)

    async def at_rest(self) -> None:
        """Returns once all that exist have ended or are parked, whatever is on the topics."""
        await until(self._at_rest)

    async def quiet(self) -> bool:
        """Waits until all have ended or are parked, and nothing is under way; whether it came in time."""

        async def silence() -> bool:
            return await self._at_rest() and not await unread(self.system) and await self._at_rest()

        try:
            await until(silence)
        except TimeoutError:
            return False
        return True

    async def evidence(self) -> Evidence:
        """What the databases say."""
        return await read_evidence(
            self.system.database_url, self.system.participant_urls, self._bodies, self.acknowledged, self._definitions
        )

    async def faults(self, *, as_expected: bool = True) -> list[str]:
        """Waits for quiet and lets the oracle judge. With ``as_expected``, each must also have ended as it should:
        no kill may turn a saga that can be completed into one that is not."""
        came = await self.quiet()
        evidence = await self.evidence()
        faults = judge(evidence)
        if not came:
            faults.append(f"It was not quiet within {WITHIN_S:.0f} s; unread: {await unread(self.system)}")
        if as_expected:
            faults += [
                f"{saga_id} is {row.status}, it should be {self.expected[saga_id]}"
                for saga_id, row in evidence.sagas.items()
                if row.status != self.expected[saga_id]
            ]
        return faults

    async def _at_rest(self) -> bool:
        found = await self.fetch(
            "SELECT (SELECT count(*) FROM saga WHERE saga_id = ANY($1) AND ended_at IS NULL AND status <> 'parked') + "
            "(SELECT count(*) FROM outbox WHERE saga_id = ANY($1)) AS busy",
            [*self._bodies],
        )
        return found[0]["busy"] == 0

    async def fetch(self, statement: str, *arguments: object) -> Sequence[asyncpg.Record]:
        """Asks the coordinator's database."""
        connection = await asyncpg.connect(self.system.database_url)
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()
