"""Which rule concerns a call of a function, by its name."""

from __future__ import annotations

from jitserve._outcome import BypassReason

from . import _impure_callables, _tracked


def untracked_rule(module: str, qualname: str) -> tuple[BypassReason, str] | None:
    """The rule for a function, unless what it reads is seen in another way and becomes a dependency."""
    rule = _impure_callables.rule_of(module, qualname)
    return None if rule is None or _tracked.is_tracked(rule[0], module) else rule
