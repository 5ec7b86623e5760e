"""The buggy twins: each must be found to break the promise that its mistake puts at risk."""

from tests.model.instances import Instance


def _twin(
    name: str,
    promise: str,
    *,
    instead: dict[str, str] | None = None,
    specification: str = "Spec",
    plan: str = "Two",
    sagas: int = 1,
    attempts: int = 1,
    may_fail: bool = False,
    surprises: int = 0,
    reduced: bool = True,
) -> Instance:
    """``instead`` names operators of the model and what of Twins.tla takes their place. A behaviour that is found with
    the reduced view is a real one; the view may hide it, though, when the mistake makes leftovers matter."""
    return Instance(
        name=name,
        plan=plan,
        sagas=sagas,
        attempts=attempts,
        may_fail=may_fail,
        surprises=surprises,
        reduced=reduced,
        module="Twins",
        specification=specification,
        instead=tuple((instead or {}).items()),
        promises=(promise,),
    )


TWINS = (
    _twin("no barrier", "AtMostOnce", instead={"After": "AfterWithoutBarrier", "Does": "DoesWithoutBarrier"}),
    _twin(
        "the barrier's row after the effect, in another transaction",
        "AtMostOnce",
        instead={"After": "AfterEffectFirst", "Does": "DoesEffectFirst"},
    ),
    _twin(
        "the barrier's row before the effect, in another transaction",
        "CompletedIsDone",
        instead={"Does": "DoesRowFirst"},
    ),
    _twin(
        "no tombstone",
        "CompensatedIsUndone",
        instead={"After": "AfterWithoutTombstone", "Standing": "StandingWithoutTombstone"},
        surprises=1,
    ),
    _twin(
        "a new id for each attempt",
        "AtMostOnce",
        instead={"After": "AfterNewIds", "Does": "DoesNewIds"},
        attempts=2,
        surprises=1,
    ),
    _twin("a command's offset before its transaction", "NothingLost", specification="OffsetFirst"),
    _twin("a duplicate is dropped, not answered", "NothingLost", specification="DuplicateDropped"),
    _twin(
        "publish before the commit",
        "CompletedIsDone",
        instead={"SentEarly": "SentBeforeCommit"},
        plan="One",
        surprises=1,
    ),
    _twin("a reply's offset before the commit", "NothingLost", instead={"OffsetsEarly": "OffsetsBeforeCommit"}),
    _twin("the fence is ignored", "CompletedIsDone", instead={"Lands": "AlwaysLands"}, plan="One", surprises=1),
    _twin(
        "the loser's outbox rows are written",
        "CompletedIsDone",
        instead={"SendsKept": "SendsKeptOfAll"},
        plan="One",
        surprises=1,
        reduced=False,
    ),
    _twin("a stale copy is believed", "NothingLost", instead={"BelievedBy": "BelievedStale"}),
    _twin("an offset past another saga's reply", "NothingLost", specification="OffsetPastOthers", plan="One", sagas=2),
    _twin(
        "an outbox row is deleted before it is acknowledged", "NothingLost", instead={"Deletable": "DeletableAtOnce"}
    ),
    _twin(
        "an outbox row is deleted with an older attempt's",
        "NothingLost",
        instead={"RowsOf": "RowsOfAllAttempts"},
        attempts=2,
        may_fail=True,
        surprises=1,
    ),
    _twin("undo in forward order", "UndoneInReverse", instead={"NextKnown": "NextKnownForward"}, plan="Three"),
    _twin("all undos at once", "UndoneInReverse", instead={"NextKnown": "NextKnownAtOnce"}, plan="Three"),
    _twin(
        "an unknown outcome is not undone", "CompensatedIsUndone", instead={"Unknown": "NothingUnknown"}, surprises=1
    ),
    _twin("the end before the undos are answered", "CompensatedIsUndone", instead={"IsThrough": "AlwaysThrough"}),
    _twin(
        "the fence is ignored: two rows of one number", "HistoryIsWhole", instead={"Lands": "AlwaysLands"}, plan="One"
    ),
    _twin("publish before the commit: sent and not decided", "OnlyDecided", instead={"SentEarly": "SentBeforeCommit"}),
    _twin("a command's offset before its transaction: stuck", "GoesOn", specification="OffsetFirst", plan="One"),
    _twin("an outbox row is never deleted", "CanGoOn", instead={"Deletes": "NeverHappens"}, plan="One", reduced=False),
)
