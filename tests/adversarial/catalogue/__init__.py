"""The numbered cases, a module per category. The numbers are stable, and the gaps hold cases that were added later."""

from __future__ import annotations

from tests.adversarial.case import Case

from . import (
    a_code,
    b_bindings,
    c_classes,
    d_statics,
    e_signature,
    f_config,
    gaps_jax,
    gaps_language,
    gaps_process,
    gaps_values,
    h_hidden,
    j_recording,
    p_pruning,
    r_replaced,
    s_inner,
    s_shared,
    t_telling,
    u_outside,
    v_lookups,
    w_tables,
    x_habits,
    y_values,
    z_libraries,
    z_state,
)

CASES: tuple[Case, ...] = (
    *a_code.CASES,
    *b_bindings.CASES,
    *c_classes.CASES,
    *d_statics.CASES,
    *e_signature.CASES,
    *f_config.CASES,
    *h_hidden.CASES,
    *j_recording.CASES,
    *p_pruning.CASES,
    *r_replaced.CASES,
    *s_shared.CASES,
    *s_inner.CASES,
    *t_telling.CASES,
    *u_outside.CASES,
    *x_habits.CASES,
    *v_lookups.CASES,
    *w_tables.CASES,
    *y_values.CASES,
    *z_libraries.CASES,
    *z_state.CASES,
    *gaps_language.CASES,
    *gaps_values.CASES,
    *gaps_jax.CASES,
    *gaps_process.CASES,
)
