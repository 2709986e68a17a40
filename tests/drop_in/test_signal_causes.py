"""Errors that lead in a circle do not hold anybody up who looks for the handler of a signal behind them."""

from __future__ import annotations

import signal

from jitserve._signals import pass_on


def test_error_that_is_its_own_cause_is_looked_at_once() -> None:
    error = ValueError("again")
    error.__cause__ = error
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        pass_on(error)
    finally:
        signal.signal(signal.SIGUSR1, before)
