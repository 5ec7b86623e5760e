"""Any saga can be explored, and whatever is reached keeps the engine's rules."""

import pytest
from hypothesis import HealthCheck, given, settings

from contracts.values import write_value
from coordinator.engine.status import Status
from coordinator.explore.answers import Answers
from coordinator.explore.findings import Findings, Kinds
from coordinator.explore.play import Play, Sent
from coordinator.explore.search import Bound, Search
from coordinator.explore.sent_values import SentValues
from coordinator.explore.watched import watched
from tests.scope_ledger import scope_faults
from tests.unit.engine.random_programs import Program, anything, programs
from tests.unit.engine.test_random_sagas import check_undos

MISTAKES = {
    *(Kinds.REFUSABLE_AFTER_PIVOT, Kinds.UNSETTLED_AT_PIVOT, Kinds.NO_AFTER_PIVOT, Kinds.EFFECT_LEFT),
    Kinds.SCOPE_AFTER_PIVOT,
}
"""What a program made up by chance may well have."""
FAVOURS = tuple(write_value(favour) for favour in ([["take"]], [["refuse"]]))
"""What the sagas are asked to do besides."""
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=CHECKS, derandomize=True)
@given(programs())
def test_any_saga(program: Program) -> None:
    """Every way ends or is parked, with undos in order; the code is deterministic, and late answers change nothing."""
    definition, watch = watched(anything)
    updates = SentValues("update", {"favour": FAVOURS})
    play = Play(Answers({}), Sent(SentValues("signal"), 3), Sent(updates, 1))
    findings = Findings(anything, watch)
    search = Search(definition, play, findings, Bound(places=60, moves=30, samples=3), seed=0)
    search.run(program)
    for place in search.places:
        check_undos(place.driver.history)
        assert scope_faults(place.driver.history) == []
        if not play.open(place.driver):
            assert place.driver.status.ended or place.driver.status is Status.PARKED
    assert {finding.kind for finding in findings.all} <= MISTAKES
