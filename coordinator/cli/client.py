"""The coordinator's HTTP interface, as the command line uses it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import httpx
import typer

from coordinator.cli.exits import Exit, exit_of_refusal
from coordinator.cli.talk import fail

T = TypeVar("T")
MakeHttp = Callable[[str], httpx.AsyncClient]
"""Makes the HTTP client of a base address. A test hands in its own as the command line's context object."""
DEFAULT_URL = "http://127.0.0.1:7780"
UrlOption = Annotated[str, typer.Option("--url", envvar="AMENDS_URL", help="Where the coordinator is.")]


class Refusal(Exception):
    """The coordinator refused a request; the message is its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Client:
    """Requests, with refusals as exceptions."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON at this address. Raises Refusal."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return _body(await self._http.get(path, params=wanted or None))

    async def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The JSON that answers this body; None is no body. Raises Refusal."""
        return _body(await self._http.post(path, json=body, headers=headers))

    @asynccontextmanager
    async def stream(self, path: str, after: int) -> AsyncGenerator[httpx.Response]:
        """Server-sent events behind ``after``. Raises Refusal."""
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        async with self._http.stream("GET", path, headers=headers, timeout=httpx.Timeout(30, read=60)) as response:
            if response.is_error:
                await response.aread()
                _body(response)
            yield response


def saga_path(saga_id: str) -> str:
    """Where the saga is found."""
    return f"/v1/sagas/{quote(saga_id, safe=':')}"


def talk_to(ctx: typer.Context, url: str, conversation: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    """Runs the conversation; a refusal, or no answer at all, ends the command with a sentence."""
    make: MakeHttp = ctx.obj or _make_http

    async def converse() -> T:
        async with make(url) as http:
            return await conversation(Client(http))

    try:
        return asyncio.run(converse())
    except Refusal as refusal:
        fail(str(refusal), exit_of_refusal(refusal.status))
    except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL):
        fail(
            f"No coordinator answers at {url}: start one with `amends dev` or `amends serve`, or set AMENDS_URL to "
            "where it is.",
            Exit.ERROR,
        )
    except httpx.TransportError as error:
        fail(f"The coordinator at {url} went away ({type(error).__name__}): try again.", Exit.ERROR)


def _make_http(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(10, read=75))


def _body(response: httpx.Response) -> Any:
    if not response.is_error:
        return response.json()
    try:
        problem = response.json()
        sentence = str(problem["detail"])
        pointed = [_pointed(error) for error in problem.get("errors", ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refusal(response.status_code, f"{response.url} answered {response.status_code}.") from None
    raise Refusal(response.status_code, "\n".join([sentence, *(line for line in pointed if line)]))


def _pointed(error: Mapping[str, str]) -> str:
    where = error.get("pointer") or error.get("parameter")
    return f"  {where}: {error['detail']}" if where else ""
