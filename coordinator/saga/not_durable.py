"""What cannot be durable, and what a saga uses instead."""

from collections.abc import Mapping

_NOW = "A replay would see another time. Use now() of coordinator.saga, or the loop's time()."
_SLEEP = "It would halt every saga of this coordinator, and is lost in a crash. Use: await asyncio.sleep(…)."
_DRAW = "A replay would draw another. Use random_float() or new_uuid() of coordinator.saga, or draw it in a step."
_UUID = "A replay would draw another. Use new_uuid() of coordinator.saga."
_SECRET = "A replay would draw another. Draw it in a local step or a participant's step, which keeps its result."
_FILE = "A replay would find another file, or none. Read and write files in a local step or a participant's step."
_THREAD = "A saga has no threads. Do the work in a local step or a participant's step."

_INSTEAD: Mapping[str, str] = {
    _NOW: """
        time.time time.time_ns time.monotonic time.monotonic_ns time.perf_counter time.perf_counter_ns
        datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today datetime.date.today""",
    _SLEEP: "time.sleep",
    _UUID: "uuid.uuid1 uuid.uuid4 uuid.uuid6 uuid.uuid7",
    _DRAW: """
        random.random random.randint random.randrange random.choice random.choices random.shuffle random.sample
        random.uniform random.triangular random.betavariate random.binomialvariate random.expovariate
        random.gammavariate random.gauss random.lognormvariate random.normalvariate random.vonmisesvariate
        random.paretovariate random.weibullvariate random.getrandbits random.randbytes random.seed""",
    _SECRET: """
        os.urandom secrets.choice secrets.randbelow secrets.randbits secrets.token_bytes secrets.token_hex
        secrets.token_urlsafe random.SystemRandom""",
    _FILE: "io.open",
    _THREAD: "threading.Thread.start",
}

INSTEAD: Mapping[str, str] = {name: sentence for sentence, names in _INSTEAD.items() for name in names.split()}
"""By qualified name: why not, and what instead."""


class NotDurable(RuntimeError):
    """A saga used something that cannot survive a crash. The message names the durable replacement."""
