"""Answers to commands by their id: for participants that said they would answer later, and are not on Kafka."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from contracts.answers import Answer, Failure, Progress, Refusal, Success
from contracts.ids import parse_command_id
from coordinator.api import described
from coordinator.api.acting import act
from coordinator.api.bodies import decode_body, kept_value, read_body
from coordinator.api.parts import parts_of
from coordinator.api.telling import tell
from coordinator.api.views import AnswerBody
from coordinator.engine.facts import Reply
from coordinator.errors import INVALID_REQUEST, INVALID_RESULT, UNKNOWN_COMMAND, VALUE_TOO_LARGE, ProblemError

router = APIRouter(tags=["repairs"])
CommandId = Annotated[
    str,
    Path(
        description="`ce_id` of the command: `{saga}:{step}`, an undo's with `:undo`.", examples=["book_trip:trip-1:2"]
    ),
]
_answer = msgspec.json.Decoder(AnswerBody)
_BODY = described.body(AnswerBody, "command_answer")


@act(
    router,
    "/v1/commands/{command_id}/answer",
    "answer_command",
    "Answer a command by its id",
    _BODY,
    VALUE_TOO_LARGE,
    INVALID_RESULT,
    UNKNOWN_COMMAND,
)
async def answer_command(request: Request, command_id: CommandId) -> Response:
    """As its participant would by a reply: to the attempt that is out, pending or not. Sent again, it is known."""
    try:
        saga_id = parse_command_id(command_id).saga_id
    except ValueError as error:
        raise ProblemError(UNKNOWN_COMMAND, str(error)) from None
    given = decode_body(await read_body(request, parts_of(request).limits), _answer)
    return await tell(parts_of(request), saga_id, Reply(command_id, 0, _answer_of(given)))


def _answer_of(given: AnswerBody) -> Answer:
    """Raises ProblemError unless it is exactly one."""
    answers: list[Answer] = []
    if given.succeeded is not msgspec.UNSET:
        answers.append(Success(kept_value(given.succeeded, "/succeeded", INVALID_RESULT)))
    if given.refused is not msgspec.UNSET:
        answers.append(Refusal(given.refused))
    if given.failed is not msgspec.UNSET:
        answers.append(Failure(given.failed))
    if given.progress is not msgspec.UNSET:
        answers.append(Progress(kept_value(given.progress, "/progress", INVALID_REQUEST)))
    if len(answers) != 1:
        raise ProblemError(
            INVALID_REQUEST, "Give one of succeeded (the result), refused, failed (a problem) and progress (any JSON)."
        )
    return answers[0]
