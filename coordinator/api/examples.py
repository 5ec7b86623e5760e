"""Examples shown in OpenAPI. Tests hold them against their schemas."""

from typing import Any

INPUT: dict[str, Any] = {"trip_id": "trip-1", "traveller": "Ada", "destination": "Lisbon", "card": "4242"}
ACCEPTED: dict[str, Any] = {
    "id": "book_trip:trip-1",
    "definition": "book_trip",
    "version": 1,
    "status": "running",
    "href": "/v1/sagas/book_trip:trip-1",
}
COMPLETED: dict[str, Any] = {
    **ACCEPTED,
    "status": "completed",
    "status_line": None,
    "attributes": {"customer": "C-7", "amount": 120},
    "input": INPUT,
    "outcome": {"result": {"flight": "F-1", "hotel": "H-1", "charge": "C-1"}},
    "parked_for": None,
    "wake_at": None,
    "started_at": "2026-03-01T12:00:00.000Z",
    "ended_at": "2026-03-01T12:00:00.030Z",
    "traceparent": None,
    "round": 1,
    "parent": None,
}
RUNNING: dict[str, Any] = {
    **COMPLETED,
    "status": "running",
    "status_line": "waiting for approval",
    "outcome": None,
    "wake_at": "2026-03-01T12:00:05.000Z",
    "ended_at": None,
}
START: dict[str, Any] = {
    "definition": "book_trip",
    "input": INPUT,
    "attributes": {"customer": "C-7", "amount": 120},
}
BATCH_ANSWER: dict[str, Any] = {
    "started": 1,
    "existing": 0,
    "refused": 1,
    "retry_after_s": None,
    "answers": [
        {"outcome": "started", "saga": ACCEPTED},
        {
            "outcome": "refused",
            "problem": {
                "type": "/problems/unknown-definition",
                "title": "No such saga definition.",
                "status": 404,
                "detail": "This coordinator has no saga 'book_trips': did you mean book_trip?",
                "code": "unknown_definition",
                "errors": [{"detail": "Unknown.", "pointer": "/starts/1/definition"}],
            },
        },
    ],
}
SAGAS: dict[str, Any] = {
    "sagas": [COMPLETED],
    "next": "/v1/sagas?limit=1&cursor=WzE3NzIzNjY0MDAwMDAsImJvb2tfdHJpcDp0cmlwLTEiXQ",
}
HISTORY: dict[str, Any] = {
    "rows": [
        {
            "seq": 1,
            "at": "2026-03-01T12:00:00.000Z",
            "events": [
                {"type": "saga_started", "definition": "book_trip", "version": 1, "input": INPUT, "at": 1772366400000}
            ],
        }
    ],
    "next": None,
}
DEFINITION: dict[str, Any] = {
    "name": "book_trip",
    "version": 1,
    "versions": [1],
    "doc": "Reserve a flight and a hotel, charge the card, issue the ticket.",
    "key": "{trip.trip_id}",
    "deadline_ms": 172800000,
    "participants": ["flights", "hotels", "payments"],
    "local": [],
    "input": {"type": "object"},
    "result": {"type": "object"},
    "signals": {},
    "updates": {},
    "queries": {},
}
ANSWERED: dict[str, Any] = {
    "saga": "order:7",
    "name": "move",
    "id": "m-1",
    "status": "answered",
    "href": "/v1/sagas/order:7/updates/move/m-1",
    "answer": {"label": "L-2"},
    "problem": None,
}
PROBLEM_KIND: dict[str, Any] = {
    "type": "/problems/unknown-saga",
    "code": "unknown_saga",
    "status": 404,
    "title": "No such saga.",
    "fault": "caller",
    "remedy": "List the sagas there are with GET /v1/sagas; an id is case-sensitive.",
}

EXAMPLES: dict[str, Any] = {
    "start": START,
    "batch": {"starts": [START, {**START, "definition": "book_trips"}]},
    "batch_answer": BATCH_ANSWER,
    "update": {"city": "Oslo"},
    "answered": ANSWERED,
    "taken_in": {**ANSWERED, "status": "accepted", "answer": None},
    "query": {"of": "today"},
    "query_answer": {"answer": {"city": "Oslo"}},
    "signal": {"approved": True, "by": "Ada"},
    "reason": {"reason": "The customer asked for it."},
    "given_result": {"result": {"ref": "HO-1", "price": 18000}, "reason": "Confirmed by phone."},
    "command_answer": {"succeeded": {"ref": "HO-1", "price": 18000}},
    "accepted": ACCEPTED,
    "running": RUNNING,
    "completed": COMPLETED,
    "sagas": SAGAS,
    "history": HISTORY,
    "definition": DEFINITION,
    "definitions": {"definitions": [DEFINITION]},
    "alive": {"status": "alive"},
    "ready": {"status": "ready"},
    "problem_kind": PROBLEM_KIND,
}
