"""Logs: one line for what a person may want to know, never one for each message."""

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor


def configure_logs(
    level: str = "info", form: Literal["auto", "json", "console"] = "auto", stream: TextIO | None = None
) -> None:
    """Sets up structlog and the standard library's logging alike, for this process. To be called once, at its start.

    Lines go to ``stream`` (stderr). ``auto`` is text for people on a terminal and JSON objects elsewhere. ``level`` is
    one of debug, info, warning, error, critical; ValueError otherwise.
    """
    out: TextIO = stream or sys.stderr
    number = logging.getLevelNamesMapping().get(level.upper())
    if not number:
        raise ValueError(f"The log level {level!r} is unknown: use debug, info, warning, error or critical.")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(form == "console" or (form == "auto" and out.isatty())),
            ],
        )
    )
    logging.basicConfig(level=number, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(max(number, logging.INFO))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _rendering(for_people: bool) -> list[Processor]:
    """Tracebacks never show local variables: those hold people's data."""
    if for_people:
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(traceback), structlog.processors.JSONRenderer(default=str)]
