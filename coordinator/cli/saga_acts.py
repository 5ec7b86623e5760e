"""What a person can do to a saga, as commands of ``amends saga``."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from coordinator.cli.client import DEFAULT_URL, UrlOption, saga_path, talk_to
from coordinator.cli.output import OutputOption, show_one
from coordinator.cli.saga_input import read_input

SagaId = Annotated[str, typer.Argument(metavar="ID", help="DEFINITION:KEY, such as book_trip:trip-1.")]
Step = Annotated[int, typer.Argument(min=1, help="Number of the step; `amends saga history` has them.")]
Reason = Annotated[str, typer.Option("--reason", help="Kept in the history.")]
SAGA_FIELDS = [
    *("id", "definition", "version", "status", "status_line", "attributes", "input", "outcome", "parked_for"),
    *("wake_at", "started_at", "ended_at", "round", "parent", "traceparent"),
]


def cancel(
    ctx: typer.Context,
    id: SagaId,
    reason: Reason = "",
    no_undo: Annotated[
        bool, typer.Option("--no-undo", help="Undo nothing, as `terminate`: what it did stands. Needs a reason.")
    ] = False,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Cancel a saga: what it did is undone."""
    _act(ctx, url, f"{saga_path(id)}/{'terminate' if no_undo else 'cancel'}", {"reason": reason}, output)


def pause(
    ctx: typer.Context, id: SagaId, reason: Reason = "", output: OutputOption = "table", url: UrlOption = DEFAULT_URL
) -> None:
    """Pause a saga: nothing is sent, timers and deadlines stand still, and what comes is kept."""
    _act(ctx, url, f"{saga_path(id)}/pause", {"reason": reason}, output)


def resume(
    ctx: typer.Context, id: SagaId, reason: Reason = "", output: OutputOption = "table", url: UrlOption = DEFAULT_URL
) -> None:
    """Let a paused saga go on, or a parked one, once what it was parked for is mended."""
    _act(ctx, url, f"{saga_path(id)}/resume", {"reason": reason}, output)


def terminate(
    ctx: typer.Context, id: SagaId, reason: Reason, output: OutputOption = "table", url: UrlOption = DEFAULT_URL
) -> None:
    """End a saga where it stands. Nothing is undone: to undo what it did, cancel it."""
    _act(ctx, url, f"{saga_path(id)}/terminate", {"reason": reason}, output)


def retry(
    ctx: typer.Context,
    id: SagaId,
    step: Step,
    undo: Annotated[bool, typer.Option("--undo", help="Its undo, which gets a new budget.")] = False,
    reason: Reason = "",
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Try a step, or its undo, again now."""
    _act(ctx, url, f"{_step(id, step)}/{'undo/' if undo else ''}retry", {"reason": reason}, output)


def give_result(
    ctx: typer.Context,
    id: SagaId,
    step: Step,
    result: Annotated[str, typer.Argument(help="JSON, a file with it, or - for stdin.")],
    reason: Reason,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Answer for a participant: the step did what it is for, with this result."""
    given = {"result": read_input(result, "The result"), "reason": reason}
    _act(ctx, url, f"{_step(id, step)}/result", given, output)


def confirm_undo(
    ctx: typer.Context,
    id: SagaId,
    step: Step,
    reason: Reason,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Say that what a step did was undone by hand, without the participant."""
    _act(ctx, url, f"{_step(id, step)}/undo/confirm", {"reason": reason}, output)


def skip(
    ctx: typer.Context,
    id: SagaId,
    step: Step,
    reason: Reason,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Decide against a step's undo: what it did stands, and the saga ends as partially compensated."""
    _act(ctx, url, f"{_step(id, step)}/undo/skip", {"reason": reason}, output)


def answer(
    ctx: typer.Context,
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="The command's id, such as book_trip:trip-1:2.")],
    result: Annotated[str | None, typer.Argument(help="It succeeded: JSON, a file with it, or - for stdin.")] = None,
    refused: Annotated[str | None, typer.Option(metavar="TYPE", help="A business no instead.")] = None,
    failed: Annotated[str | None, typer.Option(metavar="TYPE", help="A technical failure instead.")] = None,
    message: Annotated[str, typer.Option(help="A sentence for people, with --refused and --failed.")] = "",
    retryable: Annotated[bool, typer.Option("--retryable", help="With --failed: it may be tried again.")] = False,
    output: OutputOption = "table",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Answer a command by its id, as its participant would that said it would answer later."""
    if [result, refused, failed].count(None) != 2:
        raise typer.BadParameter("Give a result, or --refused TYPE, or --failed TYPE.")
    if result is not None:
        given: dict[str, Any] = {"succeeded": read_input(result, "The result")}
    elif refused is not None:
        given = {"refused": {"type": refused, "message": message}}
    else:
        given = {"failed": {"type": failed, "message": message, "retryable": retryable}}
    _act(ctx, url, f"/v1/commands/{quote(command, safe=':')}/answer", given, output)


def _step(saga_id: str, step: int) -> str:
    return f"{saga_path(saga_id)}/steps/{step}"


def _act(ctx: typer.Context, url: str, path: str, body: dict[str, Any], output: Any) -> None:
    show_one(talk_to(ctx, url, lambda client: client.post(path, body)), SAGA_FIELDS, output)
