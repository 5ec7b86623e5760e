"""Changes of a saga's code under sagas that are under way."""

from contracts.ids import check_name
from coordinator.saga.runtime import running_saga


def patched(name: str) -> bool:
    """Whether this saga goes the way of the change that is called so.

    True for a saga that comes here after the change was deployed; False for one that was here before, and for the
    rest of that saga. So both ways stay in the code until no saga is under way that went the old one::

        if patched("ask_twice"):
            await shop.ask_again(order)

    ``amends definition check --against-open`` with the question taken out says when that is so. A saga's history may
    have an answer to a question that the code does not ask any more. Raises ValueError for a name that is none.
    """
    runtime = running_saga("patched() can only be asked while a saga runs, and by the saga itself.")
    return runtime.patched(check_name(name, "The patch"))
