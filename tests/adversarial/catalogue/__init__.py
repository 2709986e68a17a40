"""The numbered cases, a module per category. The numbers are stable, and the gaps hold cases that were added later."""

from __future__ import annotations

from tests.adversarial.case import Case

from . import a_code, b_bindings, c_classes, d_statics, e_signature, f_config, h_hidden, j_recording

CASES: tuple[Case, ...] = (
    *a_code.CASES,
    *b_bindings.CASES,
    *c_classes.CASES,
    *d_statics.CASES,
    *e_signature.CASES,
    *f_config.CASES,
    *h_hidden.CASES,
    *j_recording.CASES,
)
