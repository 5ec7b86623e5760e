"""Between processes and servers: what was sent arrives, whatever becomes of the sender."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.simulation.loop import SimulationLoop
from tests.simulation.process import Process
from tests.simulation.weather import Weather

Server = Callable[[], Any]
Trace = Callable[..., None]


class Network:
    """Calls of servers, as futures of the process that calls."""

    def __init__(self, loop: SimulationLoop, weather: Weather, trace: Trace) -> None:
        self.loop = loop
        self.weather = weather
        self.trace = trace
        """Notes what happened: (who, what, …)."""

    def after(self, delay_s: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        """Calls it then, outside of all processes."""
        return self.loop.call_later(delay_s, callback, *args, context=self.loop.outside.context)

    def tell(self, process: Process, delay_s: float, callback: Callable[..., object], *args: Any) -> None:
        """The process will ask then, and hear of it; one that is paused asks as soon after it has woken."""

        def asked() -> None:
            if process.paused:
                process.on_waking.append(partial(self.after, delay_s, callback, *args))
            else:
                callback(*args)

        self.after(delay_s, asked)

    def ask(self, process: Process, serve: Server, slow_s: float = 0.0) -> "asyncio.Future[Any]":
        """What the server returns or raises. A process that is dead never hears."""
        answer = self.loop.create_future()
        if process.alive:
            self.after(self.weather.hop_s() + slow_s, self._serve, serve, answer)
        return answer

    def _serve(self, serve: Server, answer: "asyncio.Future[Any]") -> None:
        try:
            result = serve()
        except Exception as error:
            self.after(self.weather.hop_s(), _fail, answer, error)
            return
        if self.is_answer(result):
            self.hand_on(result, answer)
        else:
            self.after(self.weather.hop_s(), settle, answer, result)

    def is_answer(self, result: Any) -> bool:
        """Whether it is one to come."""
        return isinstance(result, asyncio.Future)

    def hand_on(self, served: "asyncio.Future[Any]", answer: "asyncio.Future[Any]") -> None:
        """The one answer is the other's, a hop later."""
        served.add_done_callback(partial(self._hand_on, answer), context=self.loop.outside.context)

    def _hand_on(self, answer: "asyncio.Future[Any]", served: "asyncio.Future[Any]") -> None:
        error = served.exception()
        if error is not None:
            self.after(self.weather.hop_s(), _fail, answer, error)
        else:
            self.after(self.weather.hop_s(), settle, answer, served.result())

    def fail_later(self, process: Process, delay_s: float, error: Exception) -> "asyncio.Future[Any]":
        """No answer: after a while the process gives up waiting."""
        answer = self.loop.create_future()
        if process.alive:
            self.after(delay_s, _fail, answer, error)
        return answer

    async def pause(self, seconds: float) -> None:
        """Lets time pass."""
        passed = self.loop.create_future()
        self.loop.call_later(seconds, settle, passed, None)
        await passed


def settle(answer: "asyncio.Future[Any]", result: Any) -> None:
    """The answer comes, unless nobody waits any more."""
    if not answer.done():
        answer.set_result(result)


def _fail(answer: "asyncio.Future[Any]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
