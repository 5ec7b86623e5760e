"""The far end of the chain, which sends every message back: ``python -m benchmarks.chain_echo BOOTSTRAP IN OUT``."""

import sys
from dataclasses import dataclass

import uvloop

from benchmarks.floor_kafka import reading, writing


@dataclass(frozen=True, slots=True)
class Ends:
    """The two topics, of one partition each."""

    bootstrap: str
    commands: str
    replies: str

    @property
    def words(self) -> tuple[str, str, str]:
        """For the command line."""
        return self.bootstrap, self.commands, self.replies


async def echo(ends: Ends) -> None:
    """Until it is ended."""
    async with reading(ends.bootstrap, ends.commands) as consumer, writing(ends.bootstrap) as producer:
        sys.stdout.write("ready chain_echo\n")
        sys.stdout.flush()
        async for record in consumer:
            await producer.send(ends.replies, record.value, record.key)


if __name__ == "__main__":
    uvloop.run(echo(Ends(*sys.argv[1:4])))
