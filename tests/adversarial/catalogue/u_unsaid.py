"""U: what depends on the caller or the process without a call that says so: exceptions being handled, entropy, effects."""

from __future__ import annotations

import sys

from tests.adversarial.case import HIT, Case, bypass, case

_CALLED = "def wrap(jit): return jit(f)"
_HANDLING = (
    "def wrap(jit):\n j = jit(f)\n def call(x):\n  try: raise KeyError\n  except KeyError: return j(x)\n return call"
)
_LOGGER = "import logging\ndef f(x):\n logging.getLogger('case_u19').{}\n return x * 2"
_FUNCTION = "import dis\ndef g(): return 2\n"
_VIEW = "B = np.arange(5.0)\nA = B[:2]\ndel B\n"


def _handled(id: str, expected: str, program: str) -> Case:
    """Process B calls the function while it handles an exception."""
    return case(id, expected, program, only_a=_CALLED, only_b=_HANDLING)


def _reads(id: str, reason: str, before: str, expression: str) -> Case:
    return case(id, bypass(reason), f"{before}\ndef f(x): return x * ({expression})")


CASES: tuple[Case, ...] = (
    _handled(
        "U16-context",
        bypass("dynamic_scope"),
        "def f(x):\n try: raise ValueError\n except ValueError as e: return x * (2 if e.__context__ is None else 3)",
    ),
    _handled(
        "U16-raise",
        bypass("dynamic_scope"),
        "def f(x):\n try: raise\n except RuntimeError: return x * 2\n except KeyError: return x * 3",
    ),
    _handled("U16-nothing", HIT, "def f(x): return x * 2"),
    _handled(
        "U16-raised-again",
        HIT,
        "def g():\n try: raise ValueError\n except ValueError: raise\n"
        "def f(x):\n try: g()\n except ValueError: return x * 2",
    ),
    _reads("U17-sobol", "rng_read", "from scipy.stats import qmc", "2 if qmc.Sobol(2).random(1).size else 3"),
    _reads(
        "U17-eigenvectors",
        "rng_read",
        "import scipy.sparse.linalg as sl\nA = np.diag(np.arange(1.0, 9)) + 0.1",
        "2 if sl.eigsh(A, 2)[1].size else 3",
    ),
    case(
        "U17-seeded",
        HIT,
        "from scipy.stats import qmc\ndef f(x): return x * qmc.Sobol(2, seed=0).random(1).size",
    ),
    _reads("U18-size", "opaque_callable", "L = [1]", "L.__sizeof__()"),
    _reads("U18-weak", "unknown_object", "class C: pass\nC = C()", "2 if C.__weakref__ is None else 3"),
    _reads("U18-class-flags", "dynamic_scope", "class C: pass", "1 + C.__flags__ % 7"),
    _reads("U18-lines", "dynamic_scope", _FUNCTION, "[*dis.findlinestarts(g.__code__)][0][1]"),
    _reads("U18-instructions", "dynamic_scope", _FUNCTION, "len([*dis.get_instructions(g)])"),
    _reads("U18-source", "dynamic_scope", _FUNCTION, "len(jax.make_jaxpr(g)().pretty_print(source_info=True))"),
    _reads("U18-debug-info", "dynamic_scope", _FUNCTION, "2 if str(jax.make_jaxpr(g)().jaxpr.debug_info) else 3"),
    case("U18-jaxpr", HIT, _FUNCTION + "def f(x): return x * len(str(jax.make_jaxpr(g)()))"),
    case("U18-opcodes", HIT, "import dis\ndef f(x): return x * (1 + dis.opmap['RETURN_VALUE'])"),
    _reads("U18-key", "id_or_hash_read", "", "2 if functools._make_key(('ab', 'c'), {}, False).hashvalue else 3"),
    _reads("U18-set-hash", "id_or_hash_read", "import collections.abc", "2 if collections.abc.Set._hash(['a']) else 3"),
    _reads("U18-beyond", "unknown_object", _VIEW, "np.lib.stride_tricks.as_strided(A, (5,))[4]"),
    case(
        "U18-window",
        HIT,
        _VIEW + "def f(x): return x * np.lib.stride_tricks.sliding_window_view(A, 2)[0, 0]",
    ),
    case(
        "U19-weekday",
        bypass("trace_side_effect"),
        "import calendar\ndef f(x):\n calendar.setfirstweekday(6)\n return x * 2\n"
        "def observe(): return calendar.firstweekday()\ndef undo(): calendar.setfirstweekday(0)",
    ),
    case(
        "U19-zones",
        bypass("trace_side_effect"),
        "import zoneinfo\nold = zoneinfo.TZPATH\ndef f(x):\n zoneinfo.reset_tzpath(['/zz'])\n return x * 2\n"
        "def observe(): return zoneinfo.TZPATH\ndef undo(): zoneinfo.reset_tzpath(old)",
    ),
    case("U19-logger", bypass("trace_side_effect"), _LOGGER.format("propagate = False")),
    case("U19-logger-used", HIT, _LOGGER.format("debug('said')")),
    *(
        (_reads("U20-tool", "opaque_callable", "", "2 if sys.monitoring.get_tool(3) is None else 3"),)
        if sys.version_info >= (3, 12)
        else ()
    ),
)
