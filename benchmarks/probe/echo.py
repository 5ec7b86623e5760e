"""A participant of the probe, which answers at once: ``python -m benchmarks.probe.echo BOOTSTRAP COMMANDS REPLIES``."""

import sys

import uvloop

from benchmarks.floor_kafka import reading, writing
from benchmarks.probe.kafka import BATCHES, sent, taken
from benchmarks.probe.messages import answered


async def echo(bootstrap: str, commands: str, replies: str) -> None:
    """Until it is ended."""
    async with reading(bootstrap, commands) as consumer, writing(bootstrap, **BATCHES) as producer:
        sys.stdout.write("ready echo\n")
        sys.stdout.flush()
        while True:
            records = await taken(consumer)
            messages = [(record.key.decode(), *answered(record.headers, record.value)) for record in records]
            await sent(producer, {replies: messages})


if __name__ == "__main__":
    uvloop.run(echo(*sys.argv[1:4]))
