"""When a saga's row gets a new wake-up time. Written rarely, and never too late.

``row`` is the wake-up time in the saga's row, ``true`` the one the engine decided. Most activations of a saga on its
way move ``true`` a little later (the next step's timeout); writing each would double the cost of a commit. So:

W1  ``row`` <= ``true``, always: a saga is never woken too late because of its row. (None counts as for ever.)
W2  After a commit ``true`` <= ``row`` + SLACK_MS. Hence a wake-up that finds nothing due, since the row was early, is
    followed by a real one within SLACK_MS, and a row that is overdue by more is really due. That bounds what anybody
    has to remember about early rows: a million sagas that sleep for a month have a month's wake-up time in their rows,
    and a start reads none of them.
W3  A row that has passed is moved by the next commit, whatever that is about.

An early row is not moved by the wake-up that found nothing due: that has no events, so nothing of it may be written
without the fence. Until ``true`` comes, the timers remember (row, true) of that saga, and the sweep passes over it as
long as the row still shows the same time. If it shows another, somebody else has advanced the saga, and what was
remembered is dropped (see ``timers.Timers.expect``).
"""

SLACK_MS = 10_000


def row_must_move(row: int | None, true: int | None, now: int) -> bool:
    """Whether a commit has to write the wake-up time ``true`` into a row that has ``row``."""
    if row == true:
        return False
    if row is None or (true is not None and true < row):
        return True
    return row <= now or true is None or true > row + SLACK_MS
