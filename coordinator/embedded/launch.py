"""Becomes a server: takes the account it is to run as, asks to be signalled when the process that wanted it dies.

Run as a script, `launch.py PARENT SIGNAL UID GID COMMAND…`; 0 for no signal, -1 for the account it has. A program of
its own rather than code between fork and exec, because that would not be safe in a process with threads.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def _become(uid: int, gid: int) -> None:
    if uid < 0:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with(parent: int, death_signal: int) -> None:
    if death_signal == 0 or not sys.platform.startswith("linux"):
        return
    # After the change of account, which would clear it.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"process {parent} died before {sys.argv[5]} was started")


if __name__ == "__main__":
    _become(int(sys.argv[3]), int(sys.argv[4]))
    _die_with(int(sys.argv[1]), int(sys.argv[2]))
    os.execv(sys.argv[5], sys.argv[5:])
