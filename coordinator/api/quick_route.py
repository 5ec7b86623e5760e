"""A route for the hot path."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from coordinator.api.problems import REFUSALS, problem_of, problem_response

Endpoint = Callable[[Request], Awaitable[Response]]


class QuickRoute(APIRoute):
    """In the documents like any other, but its endpoint is called with the bare request, and by ``QuickFastAPI``
    ahead of everything else. Its path has no parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself."""
        return self.endpoint


class QuickFastAPI(FastAPI):
    """FastAPI, with a way past its middleware, routing and injection, which cost more than a start does.

    Only for a ``QuickRoute``, and with the same answers; see decision 12.
    """

    _quick: dict[tuple[str, str], Endpoint]

    def include_quickly(self, router: APIRouter) -> None:
        """Includes the router, and answers its quick routes first."""
        self.include_router(router)
        quick = [route for route in router.routes if isinstance(route, QuickRoute)]
        self._quick = {(method, route.path): route.endpoint for route in quick for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        endpoint = self._quick.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        try:
            response = await endpoint(Request(scope, receive, send))
        except REFUSALS as error:
            response = problem_response(problem_of(error))
        except ClientDisconnect:
            return
        except Exception as error:
            await problem_response(problem_of(error))(scope, receive, send)
            raise  # the server logs it
        await response(scope, receive, send)
