"""A clock for each process that can be set while it runs, where libfaketime is installed."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

_LIBRARY = Path("vendor", "libfaketime", "src", "libfaketime.so.1")


def faketime_library() -> Path | None:
    """The library of the package, if there is one for this system."""
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None or not (file := Path(found.origin).parent / _LIBRARY).is_file():
        return None
    return file


class WallClock:
    """The wall clock of one process. Its monotonic clocks go on as ever, as those of a real machine do."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._library = faketime_library()
        self.set(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """For the process that is to have this clock."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, ahead_s: int) -> None:
        """So many seconds ahead of the true time; the process sees it within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}\n")
        os.replace(new, self._file)
