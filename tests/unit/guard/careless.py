"""What a saga calls, by an author who does not think of replays."""

import os
import pathlib
import random
import secrets
import socket
import subprocess
import sys
import threading
import time as wall
import uuid


def clock() -> float:
    return wall.time()


def stopwatch() -> float:
    return wall.monotonic()


def nap() -> None:
    wall.sleep(0)


def dice() -> int:
    return random.randint(1, 6)


def name() -> str:
    return str(uuid.uuid4())


def secret() -> str:
    return secrets.token_hex(4)


def noise() -> bytes:
    return os.urandom(4)


def file() -> str:
    with open(__file__) as opened:
        return opened.read()


def path() -> str:
    return pathlib.Path(__file__).read_text()


def folder() -> list[str]:
    return os.listdir(".")


def connection() -> None:
    socket.socket().close()


def address() -> None:
    socket.getaddrinfo("127.0.0.1", 80)


def process() -> None:
    subprocess.run([sys.executable, "-V"], check=True, capture_output=True)


def thread() -> None:
    started = threading.Thread(target=print)
    started.start()
    started.join()
