"""``amends saga …``."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from coordinator.cli import saga_acts, saga_asks
from coordinator.cli.client import DEFAULT_URL, Client, UrlOption, saga_path, talk_to
from coordinator.cli.exits import Exit, exit_of_refusal, exit_of_saga
from coordinator.cli.output import OutputOption, show_one, show_rows
from coordinator.cli.saga_acts import SAGA_FIELDS, SagaId
from coordinator.cli.saga_attributes import read_attributes, read_wanted
from coordinator.cli.saga_batch import read_lines, start_lines
from coordinator.cli.saga_input import read_input
from coordinator.cli.saga_watch import watch
from coordinator.cli.talk import fail, put, say
from coordinator.history.in_words import event_line

app = typer.Typer(no_args_is_help=True)
_COLUMNS = ["id", "status", "status_line", "version", "round", "parent", "started_at", "ended_at"]
_WAIT_S = 30
"""Asked of one request; longer waits are several requests."""


@app.callback()
def saga() -> None:
    """Start sagas, look at them, see to them, over the HTTP interface of a coordinator."""


@app.command()
def start(
    ctx: typer.Context,
    definition: Annotated[str, typer.Argument(help="Name of the definition; `amends definition list` has them.")],
    input: Annotated[str | None, typer.Option("--input", "-i", help="JSON, a file with it, or - for stdin.")] = None,
    key: Annotated[str | None, typer.Option("--key", "-k", help="The saga's key, if not the definition's.")] = None,
    version: Annotated[int | None, typer.Option("--version", help="Of the definition; else the latest.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option("--attribute", "-a", help="NAME=VALUE, by which lists find it; repeatable.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", "-w", min=0, help="Seconds to wait for the saga's end.")] = 0,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Start a saga. Starting it again with the same key and input gives the same saga.

    With --wait, the exit status says how it ended: 0 completed, 5 undone, 6 parked, 7 not ended in time.
    """
    given = {"definition": definition, "input": read_input(input), "key": key, "version": version}
    given["attributes"] = read_attributes(attribute or ()) or None
    body = {name: value for name, value in given.items() if value is not None}
    found = talk_to(ctx, url, lambda client: _start(client, body, wait))
    show_one(found, SAGA_FIELDS, output)
    if wait:
        _exit_as(found["status"], f"{found['id']} has not ended within {wait:g} s.")


@app.command("start-many")
def start_many(
    ctx: typer.Context,
    lines: Annotated[str, typer.Argument(metavar="FILE", help="One start a line, as JSON; - for stdin.")],
    definition: Annotated[
        str | None, typer.Option("--definition", "-d", help="Start this one; the lines are its inputs.")
    ] = None,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Start many sagas. A line is {"definition": …, "input": …, "key": …}, or, with --definition, an input.

    What is refused does not keep the others from being started; the same file again starts nothing twice.
    """
    starts = read_lines(lines, definition)
    answers = talk_to(ctx, url, lambda client: start_lines(client, starts))
    if output == "table":
        show_rows([_batch_row(answer) for answer in answers], ["line", "outcome", "id", "why"], output)
    else:
        show_rows(answers, [], output)
    counts = Counter[str](answer["outcome"] for answer in answers)
    say(f"{counts['started']:,} started, {counts['existing']:,} existing, {counts['refused']:,} refused.")
    if refused := next((answer["problem"] for answer in answers if answer["outcome"] == "refused"), None):
        raise typer.Exit(exit_of_refusal(refused["status"]))


def _batch_row(answer: dict[str, Any]) -> dict[str, Any]:
    saga, problem = answer.get("saga", {}), answer.get("problem", {})
    return {"line": answer["line"], "outcome": answer["outcome"], "id": saga.get("id"), "why": problem.get("detail")}


@app.command("list")
def list_sagas(
    ctx: typer.Context,
    definition: Annotated[str | None, typer.Option("--definition", "-d", help="Only sagas of this definition.")] = None,
    status: Annotated[str | None, typer.Option("--status", "-s", help="Only sagas in this status.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", "-w", help="NAME=VALUE: only with this attribute; repeatable.")
    ] = None,
    parent: Annotated[
        str | None, typer.Option("--parent", "-p", metavar="ID", help="Only sagas that this one has had begun.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many.")] = 50,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """List sagas, newest first. A round, and a parent, have a column where any of them has one."""
    attributes = read_wanted(where or ()) or None
    wanted = {"definition": definition, "status": status, "parent": parent, "attribute": attributes}
    found, more = talk_to(ctx, url, lambda client: _list(client, wanted, limit))
    show_rows(found, _columns(found), output)
    if more:
        say(f"There are more than {limit}: see --limit.")


@app.command()
def show(ctx: typer.Context, id: SagaId, output: OutputOption = "table", url: UrlOption = DEFAULT_URL) -> None:
    """Show a saga."""
    show_one(talk_to(ctx, url, lambda client: client.get(saga_path(id))), SAGA_FIELDS, output)


@app.command()
def history(ctx: typer.Context, id: SagaId, output: OutputOption = "table", url: UrlOption = DEFAULT_URL) -> None:
    """Show everything that happened to a saga."""
    rows = talk_to(ctx, url, lambda client: _history(client, id))
    if output != "table":
        show_rows(rows, [], output)
        return
    commands: dict[int, str] = {}
    for row in rows:
        for event in row["events"]:
            put(f"{row['seq']:>4}  {row['at']}  {event_line(event, commands)}")


@app.command("watch")
def watch_saga(ctx: typer.Context, id: SagaId, output: OutputOption = "table", url: UrlOption = DEFAULT_URL) -> None:
    """Follow a saga until it ends; the exit status says how: 0 completed, 5 undone."""
    ended: dict[str, Any] = talk_to(ctx, url, lambda client: watch(client, id, output))
    say(f"{id} is {ended['status']}.")
    _exit_as(ended["status"], f"{id} has not ended.")


for name, act in {
    "signal": saga_asks.signal,
    "update": saga_asks.update,
    "query": saga_asks.query,
    "cancel": saga_acts.cancel,
    "pause": saga_acts.pause,
    "resume": saga_acts.resume,
    "terminate": saga_acts.terminate,
    "retry": saga_acts.retry,
    "give-result": saga_acts.give_result,
    "answer": saga_acts.answer,
    "confirm-undo": saga_acts.confirm_undo,
    "skip": saga_acts.skip,
}.items():
    app.command(name)(act)


async def _start(client: Client, body: dict[str, Any], wait_s: float) -> dict[str, Any]:
    """Asks again until the saga has ended or is parked, or the time is up: asking again is safe."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    while True:
        left = deadline - loop.time()
        headers = {"Prefer": f"wait={max(0, min(round(left), _WAIT_S))}"} if wait_s else None
        found = await client.post("/v1/sagas", body, headers)
        if exit_of_saga(found["status"]) is not None or loop.time() + 1 > deadline:
            return found


def _columns(found: Sequence[dict[str, Any]]) -> list[str]:
    rare = {"round": any(one["round"] > 1 for one in found), "parent": any(one["parent"] for one in found)}
    return [column for column in _COLUMNS if rare.get(column, True)]


async def _list(client: Client, wanted: dict[str, Any], limit: int) -> tuple[list[dict[str, Any]], bool]:
    page = await client.get("/v1/sagas", **wanted, limit=min(limit, 500))
    found = page["sagas"]
    while page["next"] and len(found) < limit:
        page = await client.get(page["next"])
        found += page["sagas"]
    return found[:limit], bool(page["next"]) or len(found) > limit


async def _history(client: Client, saga_id: str) -> list[dict[str, Any]]:
    page = await client.get(f"{saga_path(saga_id)}/history")
    rows = page["rows"]
    while page["next"]:
        page = await client.get(page["next"])
        rows += page["rows"]
    return rows


def _exit_as(status: str, not_ended: str) -> None:
    found = exit_of_saga(status)
    if found is None:
        fail(not_ended, Exit.TIMED_OUT)
    raise typer.Exit(found)
