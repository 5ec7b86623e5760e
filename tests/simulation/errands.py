"""The simulated saga, which interprets its input, in two releases; and both of them with patches in their code."""

from collections.abc import Mapping
from itertools import count

from coordinator.saga import Definitions, SagaDefinition, Signal, saga
from tests.simulation.contracts import Archive, Bank, Guide, Shop, Wish
from tests.simulation.desk import Desk
from tests.simulation.favours import Counts, Favours, take_favours
from tests.simulation.program import Program, Town, run_program


def _errand(version: int, *, mended: bool) -> SagaDefinition[Program, int]:
    """Later releases look first. Mended code has the ways of the patches too."""

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
        town = Town(shop, bank, guide, desk, archive, errand, {"note": note, "word": word}, count(1), mended)
        take_favours(favour, counts, lambda asked: run_program(asked, town))
        if version > 1:
            await guide.look(Wish())
        return await run_program(program, town)

    return errand


def _releases(*, mended: bool) -> Mapping[int, Definitions]:
    first, second = _errand(1, mended=mended), _errand(2, mended=mended)
    return {1: Definitions([first]), 2: Definitions([first, second])}


RELEASES = _releases(mended=False)
MENDED = _releases(mended=True)
"""The same versions, deployed anew. It fits the histories of both."""
