"""Mutates one thing in a realistic program and demands that its key changes exactly when what it reads has changed.

    python -m tests.adversarial.fuzz [--mutations 20000] [--calls 200] [--seed 7]

A sample of the mutants is also called, through jitserve with a store that holds the originals and through plain JAX:
the results must be equal. The seed is printed; the same seed gives the same mutants.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import random
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from tests.adversarial import mutations
from tests.adversarial.case import PRELUDE
from tests.adversarial.corpus import PROGRAMS

X = np.arange(1, 5, dtype="f4")
PACKAGE = "fuzzed"


@dataclass(slots=True)
class Report:
    """What a run found.

    Attributes:
        seed: of the run.
        made: how many mutants were compared, by kind.
        wrong: descriptions of what must not be: stale keys, unstable keys, different results.
        calls: how many mutants were called.
        hits: how many of these calls were direct hits.
    """

    seed: int
    made: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    calls: int = 0
    hits: int = 0


def split(text: str) -> dict[str, str]:
    """The modules of a program, the main one last."""
    main, *others = text.split("=== ")
    files = dict(part.partition(".py\n")[::2] for part in others)
    # A module that imports another comes after it.
    return {**dict(reversed(files.items())), "main": main}


def execute(files: dict[str, str]) -> Callable[..., Any]:
    """Runs the modules as a fresh process would, and returns the function."""
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    package = types.ModuleType(PACKAGE)
    package.__path__ = []
    sys.modules[PACKAGE] = package
    for name, text in files.items():
        module = types.ModuleType(f"{PACKAGE}.{name}")
        module.__package__ = PACKAGE
        sys.modules[module.__name__] = module
        setattr(package, name, module)
        exec(compile(PRELUDE + text, f"{name}.py", "exec"), module.__dict__)
    return sys.modules[f"{PACKAGE}.main"].__dict__["f"]


def key(function: Callable[..., Any]) -> bytes:
    """The call key of ``jit(function)(X)``."""
    from jitserve import _jax
    from jitserve._key import call_key, call_parts
    from jitserve._session import current_session

    call = _jax.parse_call(function, _jax.options(jax.jit(function)), (X,), {})
    return call_key(call_parts(call, current_session().environment().now())).digest


@contextlib.contextmanager
def configured(name: str, value: object) -> Iterator[None]:
    """A JAX setting, for a while."""
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        yield
    finally:
        jax.config.update(name, before)


# (setting, value): whether a program may depend on it.
SETTINGS = {
    ("jax_enable_x64", True): True,
    ("jax_default_matmul_precision", "float32"): True,
    ("jax_threefry_partitionable", False): True,
    ("jax_numpy_dtype_promotion", "strict"): True,
    ("jax_default_prng_impl", "rbg"): True,
    ("jax_log_compiles", True): False,
    ("jax_traceback_filtering", "off"): False,
}


class Fuzzer:
    """Draws mutations of the corpus from a seed."""

    def __init__(self, seed: int) -> None:
        self.report = Report(seed)
        self._random = random.Random(seed)
        # Formatted as the mutants will be: where a line ends can show in the bytecode.
        self._programs = {
            name: {part: ast.unparse(ast.parse(code)) for part, code in split(text).items()}
            for name, text in PROGRAMS.items()
        }
        self._keys = {name: key(execute(files)) for name, files in self._programs.items()}

    def run(self, mutations_wanted: int, calls_wanted: int) -> Report:
        """Compares keys, and calls a sample of the mutants."""
        every = max(1, mutations_wanted // max(1, calls_wanted))
        for number in range(mutations_wanted):
            name = self._random.choice(list(self._programs))
            if self._random.random() < 0.03:
                self._surroundings(name)
                continue
            mutant = self._mutant(name)
            if mutant is not None:
                self._compare(name, *mutant, called=number % every == 0)
        return self.report

    def _mutant(self, name: str) -> tuple[dict[str, str], mutations.Mutation] | None:
        files = dict(self._programs[name])
        target = self._random.choice(list(files))
        tree = ast.parse(files[target])
        mutation = mutations.draw(tree, self._random)
        if mutation is None:
            return None
        files[target] = ("\n" * mutation.moved_lines) + ast.unparse(tree)
        return files, mutation

    def _compare(self, name: str, files: dict[str, str], mutation: mutations.Mutation, *, called: bool) -> None:
        from jitserve._outcome import Refusal

        try:
            function = execute(files)
        except Exception:  # noqa: BLE001 - a mutant that cannot even be imported
            return
        self._count(mutation.kind)
        try:
            changed = key(function) != self._keys[name]
        except Refusal:
            changed = True
        same_code = all(
            mutations.live_code(files[part]) == mutations.live_code(text) for part, text in self._programs[name].items()
        )
        if changed is same_code and not (same_code is False and mutation.may_be_idle):
            what = "changes the key though nothing that is read changed" if changed else "leaves the key as it was"
            self.report.wrong.append(f"{name}: {mutation.text} {what}")
        if called:
            self._call(name, files, mutation)

    def _surroundings(self, name: str) -> None:
        (setting, value), matters = self._random.choice(list(SETTINGS.items()))
        self._count("setting")
        os.environ["FUZZED_VARIABLE"] = str(self._random.random())
        with configured(setting, value):
            changed = key(execute(self._programs[name])) != self._keys[name]
        if changed is not matters:
            self.report.wrong.append(
                f"{name}: {setting} = {value} {'changes' if changed else 'does not change'} the key"
            )
        if key(execute(self._programs[name])) != self._keys[name]:
            self.report.wrong.append(f"{name}: the key is not what it was")

    def _call(self, name: str, files: dict[str, str], mutation: mutations.Mutation) -> None:
        import jitserve

        outcome(jitserve.jit(execute(self._programs[name])))
        jitserve.flush()
        before = jitserve.stats().direct_hits
        served = outcome(jitserve.jit(execute(files)))
        self.report.calls += 1
        self.report.hits += jitserve.stats().direct_hits - before
        plain = outcome(jax.jit(execute(files)))
        if served != plain:
            self.report.wrong.append(f"{name}: {mutation.text}: {served} under jitserve, {plain} under plain JAX")

    def _count(self, kind: str) -> None:
        self.report.made[kind] = self.report.made.get(kind, 0) + 1


def outcome(function: Callable[..., Any]) -> list[object]:
    """The result of a call as a user sees it, or its error."""
    try:
        leaves, tree = jax.tree.flatten(function(X))
    except Exception as error:  # noqa: BLE001 - it must be the same with and without jitserve
        return [type(error).__name__]
    return [str(tree), *((np.asarray(leaf).tobytes(), str(leaf.aval)) for leaf in leaves)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as store:
        os.environ.setdefault("JITSERVE_DIR", store)
        os.environ.setdefault("JITSERVE_ADDRESS", "none")
        report = Fuzzer(options.seed).run(options.mutations, options.calls)
    print(f"{sum(report.made.values())} mutations: {report.made}")
    print(f"{report.calls} called, {report.hits} direct hits")
    print("\n".join(report.wrong[:20]) or "nothing wrong")
    return bool(report.wrong)


if __name__ == "__main__":
    sys.exit(main())
