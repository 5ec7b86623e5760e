"""``amends definition explore``: every outcome of a saga, in words."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import Annotated, Any, Literal, NoReturn

import msgspec
import typer

from contracts.values import UnreadableValue
from coordinator.cli.exits import Exit
from coordinator.cli.explored_elsewhere import Elsewhere
from coordinator.cli.named_definition import named_definition
from coordinator.cli.output import Output, OutputOption, show_one, show_rows
from coordinator.cli.saga_input import read_input
from coordinator.cli.standstill import standstill_told
from coordinator.cli.talk import fail, put, say
from coordinator.engine.status import Status
from coordinator.explore.answers import UnusableAnswers
from coordinator.explore.exploration import Exploration, explore
from coordinator.explore.mermaid import mermaid
from coordinator.explore.outcome import Happened, Outcome, told
from coordinator.explore.search import Bound
from coordinator.explore.svg import svg
from coordinator.saga import SagaDefinition

Drawing = Literal["mermaid", "svg"]
_COLUMNS = ["what happens", "ends", "undone", "stands", "outcomes", "given up"]
_DEFAULT = Bound()
_MOST_ROWS = 200
"""Of a table; programs get all."""

_Results = Annotated[
    str | None, typer.Option("--results", help="What commands may answer, by name: JSON, or a file with it.")
]
_Signals = Annotated[
    str | None, typer.Option("--signals", help="What signals may bring, by name: JSON, or a file with it.")
]
_Updates = Annotated[
    str | None, typer.Option("--updates", help="What updates may bring, by name: JSON, or a file with it.")
]
_Graph = Annotated[
    Drawing | None, typer.Option("--graph", help="Draw what ran, with the way back, instead of the outcomes.")
]
_Places = Annotated[int, typer.Option("--places", min=1, help="How many places are gone through one by one.")]
_Moves = Annotated[int, typer.Option("--moves", min=1, help="The longest way that is followed.")]
_MostSignals = Annotated[
    int, typer.Option("--most-signals", min=1, help="How many signals of one name come on one way.")
]
_MostUpdates = Annotated[
    int, typer.Option("--most-updates", min=0, help="How many updates of one name come on one way.")
]
_Samples = Annotated[int, typer.Option("--samples", min=0, help="Ways drawn by chance where there are more places.")]
_Processes = Annotated[
    int, typer.Option("--processes", min=1, help="How many explore and are compared: sets are ordered differently.")
]


def command(
    name: Annotated[str, typer.Argument(help="Name of the definition, or module:attribute.")],
    input: Annotated[str | None, typer.Option("--input", "-i", help="JSON, a file with it, or - for stdin.")] = None,
    results: _Results = None,
    signals: _Signals = None,
    updates: _Updates = None,
    version: Annotated[int | None, typer.Option("--version", help="Of the definition; else the latest.")] = None,
    output: OutputOption = "table",
    graph: _Graph = None,
    places: _Places = _DEFAULT.places,
    moves: _Moves = _DEFAULT.moves,
    most_signals: _MostSignals = _DEFAULT.signals,
    most_updates: _MostUpdates = _DEFAULT.updates,
    samples: _Samples = _DEFAULT.samples,
    seed: Annotated[int, typer.Option("--seed", help="Of that chance.")] = 0,
    processes: _Processes = 2,
) -> None:
    """Go through every outcome of a saga, without any server, and say what is undone, what stands and how it ends.

    Exit status 1 when something is wrong with the saga: each finding says where, and what to change. Results of steps
    are made up from their contracts; --results gives those that matter: {"payments.charge": [{"charge": …}, …]}, or
    {"payments.charge": {"results": […], "refusals": ["card_declined"]}}. So are the values of signals; --signals gives
    those that matter: {"approval": [{"by": …}, …]}. Likewise --updates.
    """
    with redirect_stdout(sys.stderr):
        definition = named_definition(name, version)
    value, given = read_input(input), _results(results)
    sent = {"signals": _sent(signals, "signals"), "updates": _sent(updates, "updates")}
    bound = Bound(places, moves, samples, most_signals, most_updates)
    began = time.monotonic()
    elsewhere = Elsewhere(_again(name, definition.version, given, sent, bound, seed), value, processes - 1)
    try:
        with redirect_stdout(sys.stderr), standstill_told():  # whatever a saga prints, and if it never comes back
            here = explore(definition, value, results=given, **sent, bound=bound, seed=seed)
        found = elsewhere.compared(here)
    except UnreadableValue as error:
        _does_not_fit(definition, value, error)
    except UnusableAnswers as error:
        fail(str(error), Exit.USAGE)
    finally:
        elsewhere.stop()
    took = time.monotonic() - began
    if graph is None:
        _show(found, output)
    else:
        put(mermaid(found.graph) if graph == "mermaid" else svg(found.graph))
    _sum_up(found, took)
    if found.findings:
        raise typer.Exit(Exit.ERROR)


def _does_not_fit(definition: SagaDefinition, value: Any, error: UnreadableValue) -> NoReturn:
    if value is None:
        kind = getattr(definition.input_type, "__name__", definition.input_type)
        fail(f"{definition!r} takes an input ({kind}): give it with --input, as JSON or a file with it.", Exit.USAGE)
    fail(f"The input does not fit {definition!r}: {error}.", Exit.USAGE)


def _results(given: str | None) -> Mapping[str, Any]:
    found = read_input(given, "The results", "are")
    if found is not None and not isinstance(found, dict):
        fail("The results are no object of commands and what they answer.", Exit.USAGE)
    return found or {}


def _sent(given: str | None, what: str) -> Mapping[str, Any]:
    found = read_input(given, f"The {what}", "are")
    if found is not None and not isinstance(found, dict):
        fail(f"The {what} are no object of names and what they bring.", Exit.USAGE)
    return found or {}


def _again(
    name: str, version: int, results: Mapping[str, Any], sent: Mapping[str, Mapping[str, Any]], bound: Bound, seed: int
) -> list[str]:
    """The same once more, for another process."""
    which = [name] if ":" in name else [name, "--version", str(version)]
    given = ["--results", json.dumps(results)]
    for what, values in sent.items():
        given += [f"--{what}", json.dumps(values), f"--most-{what}", str(getattr(bound, what))]
    limits = ["--places", str(bound.places), "--moves", str(bound.moves), "--samples", str(bound.samples)]
    return [*which, *given, *limits, "--seed", str(seed)]


def _show(found: Exploration, output: Output) -> None:
    match output:
        case "table":
            rows = _rows(found.outcomes)
            show_rows(rows[:_MOST_ROWS], _COLUMNS, output)
            for finding in found.findings:
                put(f"\n{finding.kind}  {finding.source}\n  {finding.message}")
                put(f"  The way there: {'; '.join(finding.path) or 'the start'}.")
            if len(rows) > _MOST_ROWS:
                say(f"There are {len(rows) - _MOST_ROWS:,} more rows: see -o jsonl.")
        case "json":
            show_one({**msgspec.to_builtins(found), "complete": found.complete}, [], output)
        case "jsonl":
            outcomes = [{"type": "outcome", **msgspec.to_builtins(each)} for each in found.outcomes]
            findings = [{"type": "finding", **msgspec.to_builtins(each)} for each in found.findings]
            show_rows([*outcomes, *findings], [], output)


def _rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """A row for what may happen; ways on which an undo is given up are counted in the row of those on which none is."""
    rows: dict[tuple[tuple[Happened, ...], object], dict[str, Any]] = {}
    usual: dict[tuple[Happened, ...], dict[str, Any]] = {}
    for outcome in sorted(outcomes, key=lambda each: bool(each.given_up)):
        if outcome.given_up and outcome.happened in usual:
            row = usual[outcome.happened]
        else:
            row = rows.setdefault((outcome.happened, msgspec.structs.replace(outcome, ways=0, path=())), _row(outcome))
            usual.setdefault(outcome.happened, row)
        row["outcomes"] += outcome.ways
        row["given up"] += outcome.ways if outcome.given_up else 0
    order = {outcome.happened: place for place, outcome in enumerate(outcomes)}
    return [rows[key] for key in sorted(rows, key=lambda key: order[key[0]])]


def _row(outcome: Outcome) -> dict[str, Any]:
    stands = [*outcome.remains, *(f"{command} (?)" for command in outcome.doubtful)]
    plain = "all goes well" if outcome.ends in (Status.COMPLETED, Status.RUNNING) else "every step succeeds"
    parked = f"parked ({outcome.problem})" if outcome.ends is Status.PARKED else str(outcome.ends)
    return {
        "what happens": told(outcome.happened) or plain,
        "ends": "goes on as new" if outcome.ends is Status.RUNNING else parked,
        "undone": ", ".join(outcome.undone),
        "stands": ", ".join(stands),
        "outcomes": 0,
        "given up": 0,
    }


def _sum_up(found: Exploration, took_s: float) -> None:
    wrong = len(found.findings)
    say(
        f"{found.definition} version {found.version}: {found.ways:,} {'outcome' if found.ways == 1 else 'outcomes'}; "
        f"{'nothing' if not wrong else f'{wrong} thing' if wrong == 1 else f'{wrong} things'} found wrong. "
        f"{found.moves:,} moves, each made twice after a crash, in {took_s:.2f} s."
    )
    say("\n".join(found.cut) or "These are all there are, with these results.")
