"""ZI: what the import machinery answers, reads and runs where code asks it itself, while it is traced."""

from __future__ import annotations

from tests.adversarial.case import HIT, Case, bypass, case

_FINDS, _READS, _LOADS = bypass("opaque_callable"), bypass("file_read_untracked"), bypass("lazy_import")
_HEAD = (
    "import importlib, importlib.machinery, importlib.util, pathlib, pkgutil, runpy, zipimport\n"
    "ASIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'aside')\n"
    "os.makedirs(ASIDE, exist_ok=True)\n"
)
# A module that process B finds, and process A does not.
_ABSENT = (
    f"{_HEAD}pathlib.Path(ASIDE, '{{0}}.py').write_text('')\n"
    "def undo():\n if ASIDE in sys.path: sys.path.remove(ASIDE)\n"
)
_PRESENT = "sys.path.insert(0, ASIDE)\n"
_FILE = f"{_HEAD}FILE = os.path.join(ASIDE, 'lr.py')\npathlib.Path(FILE).write_text('lr = 2.0')\n"
_LONGER = ("'lr = 2.0'", "'lr = 3.0  # more'")
_LOADER = "importlib.machinery.SourceFileLoader('case_zi_lr', FILE)"
_HELD = f"LOADER = {_LOADER}"
_SPEC = (
    "def load():\n spec = importlib.util.spec_from_file_location('case_zi_lr', FILE)\n"
    " module = importlib.util.module_from_spec(spec)\n spec.loader.exec_module(module)\n return module"
)
_EXECUTES = f"def load():\n module = types.ModuleType('case_zi_lr')\n {_LOADER}.exec_module(module)\n return module"
_ZIP = (
    f"import zipfile\n{_HEAD}FILE = os.path.join(ASIDE, 'z.zip')\nK = 2\n"
    "with zipfile.ZipFile(FILE, 'w') as archive: archive.writestr('a', 'b' * K)\n"
)
_FINDER = (
    f"{_HEAD}K = 2\nclass Finder:\n def find_spec(self, name, path=None, target=None):\n"
    "  if name == 'case_zi_made': return importlib.machinery.ModuleSpec(name, None, origin='o' * K)\n"
    "FINDER = Finder()\nsys.meta_path.insert(0, FINDER)\ndef undo(): sys.meta_path.remove(FINDER)\n"
    "def f(x): return x * len(importlib.util.find_spec('case_zi_made').origin)\n"
)
_MADE = (
    f"{_HEAD}K = 2.0\nclass Loader:\n def create_module(self, spec): return None\n"
    " def exec_module(self, module): module.lr = K\n"
    "def f(x):\n spec = importlib.util.spec_from_loader('case_zi_made', Loader())\n"
    " module = importlib.util.module_from_spec(spec)\n spec.loader.exec_module(module)\n return x * module.lr\n"
)
_UNNAMED = (
    f"{_HEAD}def there():\n try: return importlib.util.find_spec('case_zi_unnamed') is not None\n"
    " except ValueError: return True\n"
    "def f(x): return x * (2 if there() else 3)\ndef undo(): sys.modules.pop('case_zi_unnamed', None)\n"
)
_NAMES_IT = "importlib.util.find_spec('{0}')"
_MEMO = f"@functools.cache\ndef there(): return {_NAMES_IT} is not None"


def _finds(name: str, asks: str, before: str = "", expected: str = _FINDS) -> Case:
    """What depends on whether there is a module, whose name stands for {0}."""
    program = f"{_ABSENT}{before}\ndef f(x): return x * (2 if {asks} else 3)\n"
    return case(f"ZI01-{name}", expected, program.format(f"case_zi_{name.replace('-', '_')}"), only_b=_PRESENT)


def _reads(name: str, expected: str, value: str, before: str = "") -> Case:
    """What depends on a file, by way of a loader."""
    return case(f"ZI02-{name}", expected, f"{_FILE}{before}\ndef f(x): return x * ({value})\n", _LONGER)


CASES: tuple[Case, ...] = (
    # Which modules there are.
    _finds("named", _NAMES_IT),
    _finds("taken", "find_spec('{0}')", "from importlib.util import find_spec"),
    _finds("made-up", "getattr(importlib.util, 'find_' + 'spec')('{0}')"),
    _finds("helper", "there()", f"def there(): return {_NAMES_IT} is not None"),
    _finds("memo", "there()", _MEMO),
    _finds("memo-before", "there()", f"{_MEMO}\nthere()", bypass("memo_prewarmed")),
    _finds("inner", "jax.eval_shape(g, X).shape == (4,)", f"@jax.jit\ndef g(x): return x if {_NAMES_IT} else x[:2]"),
    _finds("on-path", "importlib.machinery.PathFinder.find_spec('{0}')"),
    _finds("by-last", "sys.meta_path[-1].find_spec('{0}')"),
    _finds("listed", "any(m.name == '{0}' for m in pkgutil.iter_modules())"),
    _finds("handed", "jax.tree.map(getattr(importlib.util, 'find_' + 'spec'), ['{0}']) != [None]"),
    case(
        "ZI01-of-package",
        _FINDS,
        f"{_HEAD}def f(x): return x * (2 if importlib.util.find_spec(__package__ + '.extra') else 3)\n",
        only_b="pathlib.Path(__file__).with_name('extra.py').write_text('')\nimportlib.invalidate_caches()\n",
    ),
    case("ZI01-finder", _FINDS, _FINDER, ("K = 2", "K = 3")),
    case("ZI01-finder-code", _FINDS, _FINDER, ("'o' * K", "'oo' * K")),
    case("ZI01-unnamed", _FINDS, _UNNAMED, only_b="sys.modules['case_zi_unnamed'] = types.ModuleType('u')\n"),
    # Files that loaders read, and modules that they run.
    _reads("data", _READS, f"len({_LOADER}.get_data(FILE))"),
    _reads("source", _READS, f"len({_LOADER}.get_source('case_zi_lr'))"),
    _reads("code", _READS, f"len({_LOADER}.get_code('case_zi_lr').co_consts) * float(LR)", "LR = 2"),
    _reads("stat", _READS, f"{_LOADER}.path_stats(FILE)['size']"),
    _reads("held", _READS, "len(LOADER.get_data(FILE))", _HELD),
    _reads("own", _READS, "len(__loader__.get_data(FILE))"),
    _reads("handed", _READS, "len(jax.tree.map(LOADER.get_data, [FILE])[0])", _HELD),
    _reads("no-source", _READS, "len(importlib.machinery.SourcelessFileLoader('a', FILE).get_data(FILE))"),
    _reads("load", bypass("file_read_untracked", "lazy_import"), f"{_LOADER}.load_module().lr"),
    _reads("execute", bypass("file_read_untracked", "lazy_import"), "load().lr", _EXECUTES),
    _reads("held-execute", _LOADS, "load().lr", f"{_HELD}\n{_EXECUTES.replace(_LOADER, 'LOADER')}"),
    _reads("by-spec", _LOADS, "load().lr", _SPEC),
    _reads("run", _LOADS, "runpy.run_path(FILE)['lr']"),
    case(
        "ZI02-zip",
        _READS,
        f"{_ZIP}def f(x): return x * len(zipimport.zipimporter(FILE).get_data('a'))",
        ("K = 2", "K = 3"),
    ),
    case("ZI02-loader", _LOADS, _MADE, ("K = 2.0", "K = 3.0")),
    # What is harmless: import statements, what was asked outside, what reads its arguments only, what does not run.
    case("ZI03-statement", HIT, "def f(x):\n import json\n return x * json.loads('2')"),
    case(
        "ZI03-from-package",
        HIT,
        "import concurrent.futures, jax.numpy.linalg\n"
        "def f(x):\n from concurrent import futures\n from jax.numpy import linalg\n return x * linalg.norm(x)",
    ),
    case("ZI03-loaded", _LOADS, f"{_HEAD}def f(x): return x * importlib.import_module('math').pi"),
    case(
        "ZI03-outside",
        HIT,
        f"{_HEAD}THERE = bool(importlib.util.find_spec('json'))\ndef f(x): return x * (2 if THERE else 3)",
    ),
    case(
        "ZI03-idle",
        HIT,
        f"{_HEAD}USED = False\ndef there(): return importlib.util.find_spec('json')\n"
        "def f(x): return x * (2 if USED and there() else 3)",
    ),
    case(
        "ZI03-vouched",
        HIT,
        f"import jitserve\n{_HEAD}@jitserve.pure(version=1)\ndef there(): return importlib.util.find_spec('json') is not None\n"
        "def f(x): return x * (2 if there() else 3)",
    ),
    case("ZI03-names", HIT, f"{_HEAD}def f(x): return x * len(importlib.util.resolve_name('.a', 'b'))"),
)
