"""W3C contexts and derived span ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import command_id, undo_id
from coordinator.telemetry.trace_context import (
    TraceContext,
    client_span_id_of,
    command_traceparent,
    read_traceparent,
    root_span_id,
    span_id_of,
)

SAGA = "book_trip:trip-1"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SPAN}-01"
UNSAMPLED = f"00-{TRACE}-{SPAN}-00"


def test_a_header_is_read_and_written_alike() -> None:
    """A well-formed header survives reading and writing."""
    context = read_traceparent(SAMPLED)
    assert context is not None
    assert context.header() == SAMPLED


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"{SAMPLED}-more",
        f"{SAMPLED}\x00",
        f"01-{TRACE}-{SPAN}-01-" + "x" * 600,
    ],
)
def test_what_is_no_context_is_ignored(header: str | None) -> None:
    """The W3C asks to go on without a context when the header is broken."""
    assert read_traceparent(header) is None


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """Unknown flags and fields of later versions are left out, not refused."""
    context = read_traceparent(f"01-{TRACE}-{SPAN}-ff-news")
    assert context is not None
    assert context.header() == f"00-{TRACE}-{SPAN}-03"


@given(st.text(max_size=80))
def test_any_text_is_read_or_ignored(header: str) -> None:
    """No header raises."""
    context = read_traceparent(header)
    assert context is None or read_traceparent(context.header()) == context


@given(st.integers(min_value=1, max_value=2**64 - 1))
def test_the_client_can_be_told_from_the_root(client: int) -> None:
    """The root's id alone says whose child it is."""
    root = root_span_id(SAGA, client)
    assert root != 0
    assert client_span_id_of(SAGA, root) == client


def test_a_root_without_client_says_so() -> None:
    """Nobody's child is nobody's child."""
    assert client_span_id_of(SAGA, root_span_id(SAGA, 0)) == 0


def test_a_client_that_would_make_the_root_zero_is_left_out() -> None:
    """A span id must not be zero; the one client in 2^64 that would cause it is not named as parent."""
    client = root_span_id(SAGA, 0)
    assert client_span_id_of(SAGA, root_span_id(SAGA, client)) == 0


def test_two_sagas_of_one_client_have_two_roots() -> None:
    """A client that starts two sagas in one span sees two children."""
    assert root_span_id(SAGA, 7) != root_span_id("book_trip:trip-2", 7)


def test_a_command_and_its_undo_name_two_spans() -> None:
    """Both are derived from their own id."""
    assert span_id_of(command_id(SAGA, 1)) != span_id_of(undo_id(SAGA, 1))


def test_while_recording_a_command_names_the_span_of_its_step() -> None:
    """Trace and flags are the saga's, the parent is the step's span, always the same."""
    carried = read_traceparent(command_traceparent(SAMPLED, f"{SAGA}:1", recording=True))
    assert carried == TraceContext(int(TRACE, 16), span_id_of(f"{SAGA}:1"), 1)


@pytest.mark.parametrize(
    ("saga", "recording"), [(SAMPLED, False), (UNSAMPLED, True), (UNSAMPLED, False), (None, True), (None, False)]
)
def test_without_spans_of_its_own_a_command_carries_what_the_saga_has(saga: str | None, recording: bool) -> None:
    """No step span will ever be exported, so none may be named."""
    assert command_traceparent(saga, f"{SAGA}:1", recording) == saga
