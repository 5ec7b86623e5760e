"""Somebody who sends every command and every reply once more, as soon as he sees it."""

import asyncio
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.faults.queues import groups_of
from tests.faults.system import System

_MARK = ("x-copied", b"yes")


class Copier:
    """Works from ``async with`` until its end."""

    def __init__(self, system: System) -> None:
        self.copied = 0
        self._topics = [*groups_of(system)]
        bootstrap = system.servers.kafka.bootstrap
        self._consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="latest")
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
        self._copying: asyncio.Task[None] | None = None
        self._through: dict[TopicPartition, int] = {}
        """By partition, the offset up to which everything has been copied."""

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
            await self._consumer.start()
            self._consumer.subscribe(self._topics)
            while not self._consumer.assignment():
                await self._consumer.getmany(timeout_ms=50)
            for partition in self._consumer.assignment():
                self._through[partition] = await self._consumer.position(partition)
        except BaseException:
            await self._close()
            raise
        self._copying = asyncio.create_task(self._copy())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._copying is not None
        self._copying.cancel()
        await asyncio.wait([self._copying])
        await self._close()
        if not self._copying.cancelled():
            self._copying.result()

    async def caught_up(self) -> bool:
        """Whether all that has been sent until now has been copied."""
        ends: dict[TopicPartition, int] = await self._consumer.end_offsets([*self._through])
        return all(self._through[partition] >= end for partition, end in ends.items())

    async def _close(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()

    async def _copy(self) -> None:
        record: Any
        async for record in self._consumer:
            if _MARK not in record.headers:
                headers = [*record.headers, _MARK]
                await self._producer.send_and_wait(record.topic, record.value, key=record.key, headers=headers)
                self.copied += 1
            self._through[TopicPartition(record.topic, record.partition)] = record.offset + 1
