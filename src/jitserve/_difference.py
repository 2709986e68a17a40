"""How the ingredients of two keys differ, in sentences."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from jitserve._ingredient import XLA_OPTIONS, Ingredient

# Causes before consequences: another jaxlib or another configuration may change all that follows.
_ORDER = (
    "environment",
    "flag",
    "config",
    "state",
    "static",
    "argument",
    "option",
    "waived",
    "function",
    "class",
    "value",
    "library",
)
_TITLES = {"config": "config ", "state": "process state ", "argument": "argument "}
_CODE = frozenset(("waived", "function", "class", "value", "library"))

_Pair = tuple[Ingredient | None, Ingredient | None]


def count_equal(now: Sequence[Ingredient], stored: Sequence[Ingredient]) -> int:
    """How many ingredients two keys have in common."""
    known = {_key(part): part for part in stored}
    return sum(1 for part in now if (other := known.get(_key(part))) is not None and _same(part, other))


def comparable(now: Sequence[Ingredient], stored: Sequence[Ingredient]) -> list[Ingredient]:
    """The ingredients of a call up to where a record ends that did not hold all: what comes after is not new."""
    known = {_key(part) for part in stored}
    end = max((i for i, part in enumerate(now) if _key(part) in known), default=-1)
    return list(now[: end + 1])


def is_edit(now: Sequence[Ingredient], stored: Sequence[Ingredient]) -> bool:
    """Whether two keys differ in what the function is and captures, and in nothing else."""
    kinds = {part.kind for pair in _changed(now, stored) for part in pair if part is not None}
    return bool(kinds) and kinds <= _CODE


def differences(now: Sequence[Ingredient], stored: Sequence[Ingredient]) -> list[str]:
    """One sentence for each ingredient that differs, the most telling first; old values come before new ones.

    Args:
        now: the ingredients of the call that is to be explained.
        stored: those of the entry that it is compared with.
    """
    changed = sorted(_changed(now, stored), key=_rank)
    sentences = [_sentence(was, is_, changed) for was, is_ in changed]
    return [sentence for sentence in sentences if sentence]


def _changed(now: Sequence[Ingredient], stored: Sequence[Ingredient]) -> list[_Pair]:
    old = {_key(part): part for part in stored}
    new = {_key(part): part for part in now}
    pairs = ((old.get(key), new.get(key)) for key in [*new, *(key for key in old if key not in new)])
    return [(was, is_) for was, is_ in pairs if was is None or is_ is None or not _same(was, is_)]


def _key(part: Ingredient) -> tuple[str, str]:
    """What identifies an ingredient: a value stays the same one when it comes to be waived."""
    return "value" if part.kind == "waived" else part.kind, part.name


def _rank(pair: _Pair) -> int:
    part = pair[1] or pair[0]
    return _ORDER.index(part.kind) if part is not None and part.kind in _ORDER else len(_ORDER)


def _same(left: Ingredient, right: Ingredient) -> bool:
    if left.digest and right.digest:
        return left.digest == right.digest
    return left.text == right.text and left.details == right.details


def _sentence(was: Ingredient | None, is_: Ingredient | None, changed: list[_Pair]) -> str:
    part = is_ or was
    if part is None:
        return ""
    if part.kind in ("function", "class"):
        return _of_definition(was, is_, part, changed)
    name = f"{_TITLES.get(part.kind, '')}{part.name}"
    if _is_no_matter(was, is_, part, changed):
        return ""
    if part.kind == "flag":
        return _of_flag(was, is_, part.name)
    if part.kind in ("environment", "library"):
        name = f"{name.removeprefix('toolchain.')} changed"
    if was is None:
        return f"{name}: new, {part.text}"
    if is_ is None:
        return f"{name}: gone, was {part.text}"
    if was.text != is_.text:
        return f"{name}: {was.text} -> {is_.text}"
    if was.details != is_.details:
        return f"{name}: {'; '.join(was.details)} -> {'; '.join(is_.details)}"
    return name if name.endswith(" changed") else f"{name} changed ({part.text})"


def _is_no_matter(was: Ingredient | None, is_: Ingredient | None, part: Ingredient, changed: list[_Pair]) -> bool:
    if part.name == XLA_OPTIONS:  # it follows from a flag that is told
        return any(each is not None and each.kind == "flag" for pair in changed for each in pair)
    # Of an entry of another jitserve, which notes other parts of the state.
    return part.kind == "state" and (was is None or is_ is None)


def _of_flag(was: Ingredient | None, is_: Ingredient | None, name: str) -> str:
    variable, _, flag = name.partition(" ")
    if was is None or is_ is None:
        gained, text = ("now has", is_.text) if is_ else ("no longer has", was.text if was else "")
        return f"{variable} changed: {gained} {flag}={text}"
    return f"{variable} changed: {flag}={was.text} -> {is_.text}"


def _of_definition(was: Ingredient | None, is_: Ingredient | None, part: Ingredient, changed: list[_Pair]) -> str:
    name = f"{part.text} `{part.name}`"
    if was is None:
        return f"{name} is new"
    if is_ is None:
        return f"{name} is not used any more"
    lines = _detail_changes(was.details, is_.details)
    if lines:
        return f"{name} changed: {', '.join(lines)}"
    if any(_belongs(pair, part.name) for pair in changed):
        return ""  # its code is the same; what it is bound to has changed, and is told below
    return f"{name} changed"


def _belongs(pair: _Pair, owner: str) -> bool:
    part = pair[0] or pair[1]
    return part is not None and part.kind == "value" and part.name.endswith(f" `{owner}`")


def _detail_changes(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """By constants and names, which tell most; where these are the same, by what else there is to tell."""
    kinds = dict.fromkeys(map(_kind, (*old, *new)))
    telling = [line for kind in kinds if kind in _TELLING for line in _changes_of_kind(kind, old, new)]
    return telling or [line for kind in kinds if kind not in _TELLING for line in _changes_of_kind(kind, old, new)]


_TELLING = ("constant", "name")


def _changes_of_kind(kind: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    before, after = ([line for line in lines if _kind(line) == kind] for lines in (old, new))
    for left, right in _replaced(before, after):
        yield from (f"{one} -> {other.removeprefix(kind).strip()}" for one, other in zip(left, right, strict=False))
        paired = min(len(left), len(right))
        yield from (f"{line} is gone" for line in left[paired:])
        yield from (f"{line} is new" for line in right[paired:])


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """What was replaced by what; where as many lines are there as before, each by the one in its place."""
    if len(old) == len(new):
        yield from (([one], [other]) for one, other in zip(old, new, strict=True) if one != other)
        return
    for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield old[i:i_end], new[j:j_end]


def _kind(line: str) -> str:
    return line.partition(" ")[0]
