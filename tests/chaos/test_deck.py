"""The schedule leaves nothing out, and what did not strike comes again."""

from random import Random

from tests.chaos.deck import Deck
from tests.chaos.kinds import Kind, Scene


async def nothing(scene: Scene) -> bool:
    return True


KINDS = [Kind(f"kind {number}", "all", nothing) for number in range(10)]


def drawn(seed: int, times: int) -> list[list[str]]:
    """The names, four at a time."""
    deck = Deck(KINDS, Random(seed))
    return [[kind.name for kind in deck.draw(4)] for _ in range(times)]


def test_each_kind_comes_before_any_comes_again() -> None:
    """Ten kinds, five hands of four: each twice, and never two alike in one hand."""
    hands = drawn(seed=1, times=5)
    flat = [name for hand in hands for name in hand]
    assert sorted(flat[:8]) == sorted(set(flat[:8]))
    assert sorted(flat) == sorted(2 * [kind.name for kind in KINDS])
    assert all(len(set(hand)) == 4 for hand in hands)


def test_the_seed_gives_the_order() -> None:
    """The same again for the same seed, another one for another."""
    assert drawn(7, 3) == drawn(7, 3)
    assert drawn(7, 3) != drawn(8, 3)


def test_what_did_not_strike_is_next() -> None:
    """And the deck is whole only when every kind has come out."""
    deck = Deck(KINDS, Random(3))
    first = deck.draw(4)
    assert not deck.whole
    deck.put_back(first[:1])
    assert first[0] in deck.draw(1)
    deck.draw(10)
    assert deck.whole
