"""The sagas of one deployment."""

import pytest

from contracts import Contract, command
from coordinator.saga import Definitions, SagaDefinition, saga
from tests.sagas import SagaDriver, Shop


def version(number: int, name: str = "errand") -> SagaDefinition:
    @saga(version=number, name=name)
    async def errand(shop: Shop) -> int:
        await shop.look("a")
        return number

    return errand


def test_the_latest_is_what_a_new_saga_begins_with() -> None:
    """The highest version, whatever the order in which they are listed."""
    one, two, ten = version(1), version(2), version(10)
    definitions = Definitions([two, ten, one])
    assert definitions.latest("errand") is ten
    assert definitions.get("errand", 2) is two
    assert definitions.get("errand", 3) is None
    assert definitions.latest("other") is None
    assert (len(definitions), set(definitions)) == (3, {one, two, ten})


def test_the_same_version_twice_is_an_error() -> None:
    """A changed saga gets a new version."""
    with pytest.raises(ValueError, match="errand v1> is there twice"):
        Definitions([version(1), version(1)])


def test_names_and_participants() -> None:
    """Sorted, and each once."""
    definitions = Definitions([version(1, "b_saga"), version(1, "a_saga"), version(2, "a_saga")])
    assert definitions.names() == ["a_saga", "b_saga"]
    assert definitions.participants() == ["shop"]
    assert definitions.command("shop.take") is Shop.take
    assert definitions.command("shop.none") is None


def test_a_saga_uses_its_own_contract() -> None:
    """Two versions of a contract may be deployed side by side: each saga has the timeouts it was written for."""

    class Newer(Contract, name="shop"):
        """Slower."""

        @command(timeout="60s", nothing_to_undo=True)
        async def look(self, item: str) -> int:
            """Looks."""
            ...

    @saga(version=2, name="errand")
    async def newer(shop: Newer) -> int:
        return await shop.look("a")

    driver = SagaDriver(version(1), newer).start()
    driver.will_answer_later("shop.look").progresses("shop.look")
    assert driver.in_ms == 5_000


def test_a_contract_is_enough_to_undo() -> None:
    """A saga whose own code is gone is undone by the contract of any other that is deployed."""
    driver = SagaDriver(version(1))

    @saga(version=1)
    async def lending(shop: Shop) -> None:
        await shop.lend("a")

    driver = SagaDriver(lending).start().fails("shop.lend", retryable=False).deploys(version(1))
    driver.fails("undo 1").passes(1_000).fails("undo 1").is_("parked")
