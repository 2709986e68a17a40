"""What a program has around its calls: event loops, directories that it changes, ... Each in processes of its own."""

from __future__ import annotations

from pathlib import Path

from empty_store import empty_store
from tests.whole.processes import evaluate

STEP = "function = jitserve.jit(lambda x: x * 5 + 1)\n"
ASYNCIO = """
import asyncio
async def main():
    return float(function(2.0))
answer(value=asyncio.run(main()))
"""


def test_call_in_an_event_loop_is_served(store_dir: Path) -> None:
    first, second = (evaluate(STEP + ASYNCIO) for _ in range(2))
    assert first["value"] == second["value"] == 11.0
    assert first["stats"]["misses"] == second["stats"]["direct_hits"] == 1
    assert first["stats"]["faults"] == second["stats"]["faults"] == {}


def test_directory_by_a_relative_path_stays_where_it_is_when_the_program_goes_elsewhere(tmp_path: Path) -> None:
    code = (
        f"{STEP}import os\nfunction(1.0)\nos.makedirs('elsewhere', exist_ok=True)\nos.chdir('elsewhere')\n"
        "jitserve.jit(lambda x: x - 1)(1.0)\nanswer()"
    )
    directory = empty_store(tmp_path / "store")
    first, second = (evaluate(code, cwd=tmp_path, JITSERVE_DIR=directory.name) for _ in range(2))
    assert first["stats"]["misses"] == second["stats"]["direct_hits"] == 2
    assert first["stats"]["faults"] == second["stats"]["faults"] == {}
    assert not list((tmp_path / "elsewhere").iterdir())


# Without the garbage collector: JAX has a callback of it, and Python swallows what strikes there.
ALARMED = """
import gc, signal, time
gc.disable()
from jax.extend.core import Primitive
from jax.interpreters import mlir
class Alarm:
    def ring(self, number, frame):
        raise TimeoutError("that took too long")
WAYS = {"function": lambda number, frame: Alarm().ring(number, frame), "method": Alarm().ring}
def wait(*context):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass
    return context[1:]
slow = Primitive("slow")
slow.def_abstract_eval(lambda x: x)
mlir.register_lowering(slow, lambda context, x: wait(context, x))
class Static:
    def __hash__(self):
        return hash(wait())
class Captured: pass
jitserve.register_fingerprint(Captured, lambda captured: len(wait()))
captured = Captured()
HERE = {
    "trace": lambda: jitserve.jit(lambda x: x + len(wait()))(1.0),
    "lowering": lambda: jitserve.jit(slow.bind)(1.0),
    "lookup": lambda: jitserve.jit(lambda x: x + len(vars(captured)))(1.0),
    "static": lambda: jitserve.jit(lambda x, s: x + 1, static_argnums=1)(1.0, Static()),
}
def outcome(where, way):
    signal.signal(signal.SIGALRM, WAYS[way])
    try:
        return repr(HERE[where]())
    except TimeoutError as error:
        return str(error)
outcomes = {f"{where}, {way}": outcome(where, way) for where in HERE for way in WAYS}
answer(outcomes=outcomes, after=float(jitserve.jit(lambda x: -x)(2.0)))
"""


def test_error_of_a_handler_for_a_signal_reaches_the_program_wherever_it_strikes(store_dir: Path) -> None:
    done = evaluate(ALARMED)
    assert len(done["outcomes"]) == 8
    assert set(done["outcomes"].values()) == {"that took too long"}, done["outcomes"]
    assert done["after"] == -2.0
    assert done["stats"]["faults"] == {}


DEVICES = """
from jax.extend.backend import clear_backends
before = float(jitserve.jit(lambda x: x + 1)(1.0))
def count():
    return float(jitserve.jit(lambda x: x * jax.device_count())(2.0))
"""
OTHERS = "clear_backends()\njax.config.update('jax_num_cpu_devices', 4)\n"


def test_program_that_starts_another_backend_has_keys_of_the_new_devices(store_dir: Path) -> None:
    counted = "answer(before=before, value=count(), plain=2.0 * jax.device_count())"
    runs = [evaluate(DEVICES + code + counted) for code in (OTHERS, "", OTHERS, "")]
    assert [run["value"] for run in runs] == [run["plain"] for run in runs] == [8.0, 2.0, 8.0, 2.0]
    assert [run["before"] for run in runs] == [2.0] * 4
    assert [run["stats"]["direct_hits"] for run in runs] == [0, 1, 2, 2]
    assert all(run["stats"]["faults"] == {} for run in runs)


OTHER_PLATFORM = """
from jax._src import xla_bridge
from jaxlib import _jax
if {there}:
    make = lambda: _jax.get_tfrt_cpu_client(asynchronous=True, num_nodes=1, node_id=0, num_devices={there})
    xla_bridge.register_backend_factory("pretended", make, priority=-10, fail_quietly=False)
def count():
    try:
        return jax.device_count("pretended")
    except RuntimeError:
        return 0
value = float(jitserve.jit(lambda x: x * count() + 1)(2.0))
answer(value=value, plain=2.0 * count() + 1, kind=jax.default_backend())
"""


def test_devices_of_a_platform_that_is_not_the_default_are_in_the_key(store_dir: Path) -> None:
    runs = [evaluate(OTHER_PLATFORM.format(there=there), JAX_PLATFORMS="") for there in (0, 1, 2, 2, 0)]
    assert [run["value"] for run in runs] == [run["plain"] for run in runs] == [1.0, 3.0, 5.0, 5.0, 1.0]
    assert {run["kind"] for run in runs} == {"cpu"}
    assert [run["stats"]["direct_hits"] for run in runs] == [0, 0, 0, 1, 1]


def test_backend_that_a_program_has_cleared_is_let_go(store_dir: Path) -> None:
    code = (
        "import gc, weakref\nfunction = jitserve.jit(lambda x: x + 1)\nfirst = float(function(1.0))\njitserve.flush()\n"
        "cleared = weakref.ref(jax.devices()[0].client)\nclear_backends()\n"
        "gc.collect()\nanswer(gone=cleared() is None, values=[first, float(function(1.0))])"
    )
    done = evaluate(DEVICES.partition("before")[0] + code)
    plain = evaluate(DEVICES.partition("before")[0] + code.replace("jitserve.jit", "jax.jit"))
    assert done["gone"] == plain["gone"]
    assert done["values"] == plain["values"] == [2.0, 2.0]
