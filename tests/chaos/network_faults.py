"""The network between a process and a server is slow, broken, or loses the answer only."""

from collections.abc import Awaitable, Callable, Sequence
from typing import get_args

from tests.chaos.kinds import Kind, Scene
from tests.chaos.member import Member
from tests.chaos.pace import slowly_between
from tests.chaos.proxy import Proxy, Trouble

_EVERYBODY = 0.3
"""How often it is the server that is cut off, rather than one process."""
_LASTS_S = {"delay": (3, 8), "hold": (2, 8), "drop": (2, 8), "cut": (0.5, 5), "lose_answers": (0.5, 3)}
_COMMITS_S = (2, 6)


async def _harm(scene: Scene, proxy_of: Callable[[Member], Proxy], trouble: Trouble) -> bool:
    members = scene.town.members
    if scene.random.random() > _EVERYBODY:
        members = [scene.one_of(scene.town.coordinating if scene.random.random() < 0.6 else members)]
    proxies = [proxy_of(member) for member in members]
    before = sum(proxy.hits for proxy in proxies)
    for proxy in proxies:
        proxy.harm(trouble)
    scene.struck()
    await slowly_between(scene.random, *_LASTS_S.get(trouble, _COMMITS_S))
    for proxy in proxies:
        proxy.heal()
    return sum(proxy.hits for proxy in proxies) > before


def _kinds() -> Sequence[Kind]:
    ways: dict[str, Callable[[Member], Proxy]] = {
        "postgres": lambda member: member.postgres,
        "kafka": lambda member: member.kafka,
    }
    return [
        Kind(f"{trouble.replace('_', ' ')}: {name}", f"way to {name}", _doing(way, trouble))
        for name, way in ways.items()
        for trouble in get_args(Trouble)
        if (name, trouble) != ("kafka", "lose_commits")
    ]


def _doing(way: Callable[[Member], Proxy], trouble: Trouble) -> Callable[[Scene], Awaitable[bool]]:
    return lambda scene: _harm(scene, way, trouble)


NETWORK_FAULTS = _kinds()
