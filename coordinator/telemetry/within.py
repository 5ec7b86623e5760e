"""What a local step's body traces itself hangs under the step's span."""

from coordinator.telemetry.trace_context import read_traceparent


def within_trace(traceparent: str | None) -> None:
    """From here on, spans that the running coroutine makes are children of this one; for good, so in a task of its own.

    Nothing is made for those that nobody samples.
    """
    found = read_traceparent(traceparent)
    if found is None or not found.sampled:
        return
    # Loaded here because a coordinator without traces, or without local steps, never needs it.
    from coordinator.telemetry.remote import enter

    enter(found)
