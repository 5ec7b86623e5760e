"""A command that shares a batch with the one under test, and fails after it has written.

Then the whole batch is done again, with a savepoint for each command: so every handler is called twice now and then.
"""

from typing import NoReturn

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import COMPENSATABLE, Failed
from contracts.command_message import CommandMessage
from participants.sdk.arrivals import Call
from participants.sdk.handler import Handler
from participants.sdk.testing.messages import SAGA


async def _fails(connection: AsyncConnection) -> NoReturn:
    await connection.execute(text("SELECT 1"))
    raise Failed("neighbour", "It fails so that its batch is done again.")


_HANDLER = Handler(
    function=_fails,
    kind=COMPENSATABLE,
    read_arguments=lambda _: {},
    read_result=lambda _: None,
    result=None,
    delivery=None,
    session=None,
    connection="connection",
    cause=None,
)


def failing_neighbour(message: CommandMessage) -> Call:
    """One for the batch of this message."""
    neighbour = f"{SAGA}:999999"
    return Call(msgspec.structs.replace(message, command_id=neighbour, direction="forward"), neighbour, _HANDLER)
