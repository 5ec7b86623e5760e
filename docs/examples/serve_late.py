"""A saga that was changed while it ran: docs/changing-a-saga.md shows it."""

from run_tab import Bar

from coordinator.saga import patched, saga


@saga(version=1, key="{guest}")
async def serve_late(guest: str, bar: Bar) -> int:
    """A drink for whoever comes late. Since the change, water comes with it."""
    price = await bar.pour("beer")
    if patched("water_too"):
        price += await bar.pour("water")
    await bar.charge(price)
    return price
