"""What an event loop can do elsewhere, and what a saga does instead."""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from coordinator.saga.not_durable import NotDurable

Loop = TypeVar("Loop", bound=AbstractEventLoop)

_INSTEAD: Mapping[str, str] = {
    "A saga has no threads. Do the work in a participant's step.": """
        call_soon_threadsafe run_in_executor set_default_executor shutdown_default_executor""",
    "A saga opens no connections. Call the service through a participant's step.": """
        create_connection create_server create_datagram_endpoint create_unix_connection create_unix_server
        connect_accepted_socket start_tls sendfile getaddrinfo getnameinfo sock_recv sock_recv_into sock_recvfrom
        sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept sock_sendfile
        add_reader remove_reader add_writer remove_writer connect_read_pipe connect_write_pipe""",
    "A saga starts no processes and hears no signals. Do the work in a participant's step.": """
        subprocess_exec subprocess_shell add_signal_handler remove_signal_handler""",
    "A saga's loop is run by the engine. Await a step or a coroutine instead.": """
        run_forever run_until_complete stop close shutdown_asyncgens set_debug set_task_factory get_task_factory
        set_exception_handler get_exception_handler default_exception_handler""",
}


def refuse_what_is_not_durable(loop: type[Loop]) -> type[Loop]:
    """Makes the class's methods that a saga must not use raise NotDurable."""
    for message, names in _INSTEAD.items():
        for name in names.split():
            setattr(loop, name, _refusing(message))
    return loop


def _refusing(message: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotDurable(message)

    return refuse
