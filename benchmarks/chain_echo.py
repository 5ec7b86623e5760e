"""The far end of the chain, which sends every message back: ``python -m benchmarks.chain_echo BOOTSTRAP IN OUT``."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition


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

    @asynccontextmanager
    async def reading(self, topic: str) -> AsyncGenerator[AIOKafkaConsumer]:
        """From the end of the topic on."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, fetch_max_wait_ms=500)
        await consumer.start()
        try:
            partition = TopicPartition(topic, 0)
            consumer.assign([partition])
            await consumer.seek_to_end(partition)
            yield consumer
        finally:
            await consumer.stop()

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AIOKafkaProducer]:
        """As durable as the product writes, without linger."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, acks="all", linger_ms=0)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()


async def echo(ends: Ends) -> None:
    """Until it is ended."""
    async with ends.reading(ends.commands) as consumer, ends.writing() as producer:
        sys.stdout.write("ready chain_echo\n")
        sys.stdout.flush()
        async for record in consumer:
            await producer.send(ends.replies, record.value, record.key)


if __name__ == "__main__":
    uvloop.run(echo(Ends(*sys.argv[1:4])))
