"""``explore``: every outcome of a saga, what is wrong with it, and how far was looked."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from coordinator.engine.status import Status
from coordinator.explore.answers import Answers
from coordinator.explore.findings import Finding, Findings
from coordinator.explore.graph import Graph, graph_of
from coordinator.explore.outcome import Outcome, outcome_of
from coordinator.explore.play import MOST_WAKES, Play, Sent
from coordinator.explore.position import Position
from coordinator.explore.search import Bound, Search
from coordinator.explore.sent_values import SentValues
from coordinator.explore.watched import Watch, watched
from coordinator.saga.definition import SagaDefinition


class Exploration(msgspec.Struct, frozen=True):
    """What was found by exploring one definition with one input."""

    definition: str
    version: int
    source: str
    """``file:line`` of the saga's function."""
    outcomes: tuple[Outcome, ...]
    """Every end, the plain way through first."""
    findings: tuple[Finding, ...]
    """What is wrong; none: nothing was found within the bound."""
    ways: int
    """How many ways through the saga there are; what was seen of them, if it was cut."""
    places: int
    """How many different places there are on them."""
    moves: int
    """How many moves were made; each survived a crash, and was made twice."""
    cut: tuple[str, ...]
    """What was not looked at, in sentences; none: this is everything there is, for these results."""
    graph: Graph
    """What ran, and what followed it."""
    digest: str
    """Of everything that was decided: the same in every process, or the code is not deterministic."""

    @property
    def complete(self) -> bool:
        """Whether nothing was cut."""
        return not self.cut


def explore(
    definition: SagaDefinition,
    input: Any = None,
    *,
    results: Mapping[str, Any] | None = None,
    signals: Mapping[str, Any] | None = None,
    updates: Mapping[str, Any] | None = None,
    bound: Bound | None = None,
    seed: int = 0,
) -> Exploration:
    """Drives the saga through every outcome.

    ``input`` is a value that JSON can hold. ``results`` says what commands may answer, by type: a list of results,
    or an object with ``results`` and ``refusals``; the others' are made up from the contracts. ``signals`` says what
    signals may bring, by name: a list of values; and so does ``updates``. Beyond the bound, ways are drawn by chance,
    out of the seed. Raises UnusableAnswers, UnreadableValue.
    """
    bound = bound or Bound()
    seen, watch = watched(definition)
    answers = Answers.read(results or {}, definition.commands)
    findings = Findings(definition, watch)
    sent = (
        Sent(SentValues.read("signal", signals or {}, definition.signals), bound.signals),
        Sent(SentValues.read("update", updates or {}, definition.updates), bound.updates),
    )
    play = Play(answers, *sent)
    search = Search(seen, play, findings, bound, seed)
    search.run(input)
    outcomes = _outcomes(seen, search.places)
    return Exploration(
        definition=definition.name,
        version=definition.version,
        source=findings.function,
        outcomes=outcomes,
        findings=findings.all,
        ways=sum(outcome.ways for outcome in outcomes),
        places=len(search.places),
        moves=search.moves,
        cut=(*_cut(search, bound, answers, watch), *_let_go(search), *_sent_cut(*sent)),
        graph=graph_of(seen, search.places),
        digest=search.digest,
    )


def _outcomes(definition: SagaDefinition, places: Sequence[Position]) -> tuple[Outcome, ...]:
    """The ends, those that differ in nothing but the way together."""
    ways = _ways(places)
    found: dict[Outcome, tuple[int, tuple[str, ...]]] = {}
    for place in places:
        driver = place.driver
        # Where two runs decide differently nothing follows, and nothing has ended.
        if place.then == [] and (driver.goes_on or driver.status.ended or driver.status is Status.PARKED):
            outcome = outcome_of(definition, driver.state, driver.history, place.happened)
            known, path = found.get(outcome, (0, place.path))
            found[outcome] = known + max(1, ways.get(place, 0)), path
    outcomes = [msgspec.structs.replace(outcome, ways=count, path=path) for outcome, (count, path) in found.items()]
    return tuple(sorted(outcomes, key=lambda each: [(one.step or 1_000_000, one.what) for one in each.happened]))


def _ways(places: Sequence[Position]) -> Mapping[Position, int]:
    """How many ways lead to each place; none of them to where it was before, though what was held may be tried again as
    often as one likes."""
    onward = {place: [then for then in place.then or () if not then.tries_again(place)] for place in places}
    inward = dict.fromkeys(places, 0)
    for place in places:
        for then in onward[place]:
            inward[then] += 1
    ways = dict.fromkeys(places, 0)
    ready = [places[0]]
    ways[places[0]] = 1
    while ready:
        place = ready.pop()
        for then in onward[place]:
            ways[then] += ways[place]
            inward[then] -= 1
            if not inward[then]:
                ready.append(then)
    return ways


def _cut(search: Search, bound: Bound, answers: Answers, watch: Watch) -> list[str]:
    cut: list[str] = []
    if search.unopened:
        cut.append(
            f"There are more than {bound.places:,} places: {search.unopened:,} were not gone on from one by one, and "
            f"{search.sampled:,} ways from there were drawn by chance. Ask for more with --places."
        )
    if search.too_long:
        cut.append(
            f"{search.too_long:,} ways were not followed beyond {bound.moves:,} moves: the saga has a loop that may go "
            "on for long. Ask for more with --moves."
        )
    if search.unfinished:
        names = ", ".join(sorted(search.unfinished))
        cut.append(
            f"The attempts of {names} were not waited for to their end: there are more than {MOST_WAKES // 2:,}."
        )
    if answers.cut:
        names = ", ".join(sorted(answers.cut))
        cut.append(f"{names} may answer more than was made up from the contract. Give the results that matter.")
    if watch.reads_clock:
        cut.append(
            "The saga reads its loop's clock: what it does when an answer takes its time was not gone through, but for "
            "timers, timeouts and the deadline."
        )
    return cut


def _let_go(search: Search) -> list[str]:
    if not search.let_go:
        return []
    names = ", ".join(sorted(search.let_go))
    return [
        f"The saga waits for the signal {names} and lets go of it at once: what it does when one is there already "
        "was not gone through."
    ]


def _sent_cut(signals: Sent, updates: Sent) -> list[str]:
    many = {
        "signal": f"On no way were there more than {signals.most:,} signals of one name, and the saga waits for more",
        "update": f"On no way were there more than {updates.most:,} of one update, and the saga takes more",
    }
    cut: list[str] = []
    for sent in (signals, updates):
        what = sent.values.what
        if sent.unsent:
            cut.append(f"{many[what]}: {', '.join(sorted(sent.unsent))}. Ask for more with --most-{what}s.")
        if sent.values.cut:
            names = ", ".join(sorted(sent.values.cut))
            cut.append(
                f"The {what}s {names} may bring more than was made up from their types. Give the values that matter."
            )
    return cut
