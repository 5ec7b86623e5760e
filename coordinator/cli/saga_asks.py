"""What is sent to a saga's code, as commands of ``amends saga``."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from coordinator.cli.client import DEFAULT_URL, Client, UrlOption, saga_path, talk_to
from coordinator.cli.exits import Exit
from coordinator.cli.output import OutputOption, show_one
from coordinator.cli.saga_acts import SAGA_FIELDS, SagaId
from coordinator.cli.saga_input import read_input
from coordinator.cli.talk import fail

Value = Annotated[str | None, typer.Option("--value", "-v", help="JSON, a file with it, or - for stdin.")]
_FIELDS = ["saga", "name", "id", "status", "answer", "problem"]
_WAIT_S = 30
"""Asked of one request; longer waits are several requests."""


def signal(
    ctx: typer.Context,
    id: SagaId,
    name: Annotated[str, typer.Argument(help="The signal; `amends definition show` has those that the saga takes.")],
    value: Value = None,
    signal_id: Annotated[
        str | None, typer.Option("--id", help="Sent twice with the same id, it is one signal; else each is another.")
    ] = None,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Send a value to a saga's code. It is kept until the code asks for it."""
    content = read_input(value, "The value")
    headers = None if signal_id is None else {"Idempotency-Key": signal_id}
    path = f"{saga_path(id)}/signals/{quote(name, safe='')}"
    show_one(talk_to(ctx, url, lambda client: client.post(path, content, headers)), SAGA_FIELDS, output)


def update(
    ctx: typer.Context,
    id: SagaId,
    name: Annotated[str, typer.Argument(help="The update; `amends definition show` has those that the saga takes.")],
    value: Value = None,
    update_id: Annotated[
        str | None, typer.Option("--id", help="Sent twice with the same id, it is one update; else each is another.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", "-w", min=0, help="Seconds to wait for the answer.")] = 30,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Ask a saga's code for something, and wait for its answer.

    The exit status is 4 when the saga refuses, 7 when it has not answered in time: it has the update, and will.
    """
    content = read_input(value, "The value")
    path = f"{saga_path(id)}/updates/{quote(name, safe='')}"
    headers = {} if update_id is None else {"Idempotency-Key": update_id}
    found = talk_to(ctx, url, lambda client: _update(client, path, content, headers, wait))
    show_one(found, _FIELDS, output)
    if found["status"] == "accepted":
        fail(f"{id} has not answered within {wait:g} s: send it again with --id {found['id']}.", Exit.TIMED_OUT)


def query(
    ctx: typer.Context,
    id: SagaId,
    name: Annotated[str, typer.Argument(help="The query; `amends definition show` has those that the saga answers.")],
    value: Value = None,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Ask a saga about itself, running or ended. Nothing in it changes."""
    content = read_input(value, "The value")
    path = f"{saga_path(id)}/queries/{quote(name, safe='')}"
    show_one(talk_to(ctx, url, lambda client: client.post(path, content)), ["answer"], output)


async def _update(client: Client, path: str, content: Any, headers: dict[str, str], wait_s: float) -> dict[str, Any]:
    """Asks again, under the id that it has then, until it is answered or the time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        left = deadline - loop.time()
        prefer = {"Prefer": f"wait={max(0, min(round(left), _WAIT_S))}"}
        found: dict[str, Any] = await client.post(path, content, {**headers, **prefer})
        headers = {"Idempotency-Key": found["id"]}
        if found["status"] != "accepted" or loop.time() + 1 > deadline:
            return found
