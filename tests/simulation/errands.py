"""The simulated saga, which interprets its input, in two releases."""

from itertools import count

from coordinator.saga import Definitions, SagaDefinition, Signal, saga
from tests.simulation.contracts import Archive, Bank, Guide, Shop, Wish
from tests.simulation.desk import Desk
from tests.simulation.favours import Counts, Favours, take_favours
from tests.simulation.program import Program, Town, run_program


def _errand(version: int) -> SagaDefinition[Program, int]:
    """Later releases look first."""

    @saga(version=version, name="errand", deadline="60s")
    async def errand(
        program: Program,
        shop: Shop,
        bank: Bank,
        guide: Guide,
        desk: Desk,
        archive: Archive,
        note: Signal[int],
        word: Signal[int],
        favour: Favours,
        counts: Counts,
    ) -> int:
        """Runs its input, and what it is asked to run besides."""
        town = Town(shop, bank, guide, desk, archive, errand, {"note": note, "word": word}, count(1))
        take_favours(favour, counts, lambda asked: run_program(asked, town))
        if version > 1:
            await guide.look(Wish())
        return await run_program(program, town)

    return errand


_first, _second = _errand(1), _errand(2)
RELEASES = {1: Definitions([_first]), 2: Definitions([_first, _second])}
