"""L10: what pydantic has compiled of a model: constraints, validators and defaults of all that its annotations lead to."""

from __future__ import annotations

from tests.adversarial.case import HIT, MISS, Case, case

_IMPORTS = (
    "import operator, typing\nfrom typing import Annotated\nimport annotated_types as at\nimport typing_extensions as te\n"
    "from pydantic import AfterValidator, BaseModel, ConfigDict, Field\nfrom pydantic_core import core_schema as cs\n"
)
_TUPLE = "class T(typing.NamedTuple): a: {}\nclass M(BaseModel): r: T"


def _pair(id: str, program: str, reads: str, edit: tuple[str, str]) -> tuple[Case, Case]:
    """A program as it is, and with one thing changed that only the compiled model holds."""
    text = f"{_IMPORTS}{program}\ndef f(x): return x * {reads}\n"
    return case(f"L10-{id}", HIT, text), case(f"L10-{id}-of-another", MISS, text, edit)


CASES: tuple[Case, ...] = (
    *_pair("constraint", _TUPLE.format("Annotated[int, at.Gt(1)]"), "M(r=(2,)).r.a", ("Gt(1)", "Gt(5)")),
    *_pair("type", _TUPLE.format("float"), "isinstance(M(r=('2',)).r.a, int)", ("a: float", "a: int")),
    *_pair(
        "validator",
        _TUPLE.format("Annotated[float, AfterValidator(functools.partial(operator.mul, 2.0))]"),
        "M(r=(2,)).r.a",
        ("2.0)", "3.0)"),
    ),
    *_pair(
        "inner-model",
        f"class E(BaseModel): a: float = 2.0\n{_TUPLE.format('E')}",
        "M(r=({},)).r.a.a",
        ("a: float = 2.0", "a: float = 3.0"),
    ),
    *_pair(
        "inner-dataclass",
        f"@dataclasses.dataclass\nclass E: a: float = 2.0\n{_TUPLE.format('list[E]')}",
        "M(r=([{}],)).r.a[0].a",
        ("a: float = 2.0", "a: float = 3.0"),
    ),
    *_pair(
        "typed-dictionary",
        "class T(te.TypedDict): a: Annotated[int, at.Gt(1)]\nclass M(BaseModel): r: T",
        "M(r={'a': 2}).r['a']",
        ("Gt(1)", "Gt(5)"),
    ),
    *_pair(
        "hook",
        "class H:\n @classmethod\n def __get_pydantic_core_schema__(cls, source, handler):\n"
        "  return cs.with_default_schema(cs.float_schema(), default=K)\nK = 2.0\nclass M(BaseModel): r: H",
        "M().r",
        ("K = 2.0", "K = 3.0"),
    ),
    *_pair(
        "recursion",
        "class M(BaseModel):\n a: Annotated[float, Field(gt=1.0)] = 2.0\n s: 'list[M]' = []\n"
        "class N(typing.NamedTuple): m: M\nclass O(BaseModel):\n metadata: list[N] = []\n type: str = 'a'",
        "O(metadata=[({'s': [{'a': 3.0}]},)]).metadata[0].m.s[0].a",
        ("gt=1.0", "gt=5.0"),
    ),
    *_pair(
        "field-called-metadata",
        "class T(typing.NamedTuple): a: float = 2.0\nclass M(BaseModel):\n type: str = 'a'\n metadata: T = T()",
        "M().metadata.a + isinstance(M(metadata=('2',)).metadata.a, int)",
        ("a: float", "a: int"),
    ),
)
