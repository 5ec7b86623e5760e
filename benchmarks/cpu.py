"""CPU time of process trees."""

from collections.abc import Mapping

import psutil


def cpu_seconds(pids: Mapping[str, list[int]]) -> dict[str, float]:
    """User and system seconds so far, of each part's processes and their children."""
    return {part: sum(_tree(pid) for pid in roots) for part, roots in pids.items()}


def machine_seconds() -> float:
    """Of all cores together, user and system, and what a hypervisor gave to others meanwhile."""
    times = psutil.cpu_times()
    return times.user + times.system + getattr(times, "nice", 0.0) + getattr(times, "steal", 0.0)


def _tree(pid: int) -> float:
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_one(process) for process in processes) + _reaped(root)


def _one(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system


def _reaped(root: psutil.Process) -> float:
    """Of children that have ended, such as a Postgres connection that was closed."""
    try:
        times = root.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.children_user + times.children_system
