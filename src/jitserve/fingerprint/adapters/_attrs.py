"""attrs: the methods that it writes for classes, and what these keep while they make texts."""

from __future__ import annotations

# Names of generated files. The number that ``__hash__`` begins with is salted: ``cpp/bindings/code.cpp`` leaves it out.
GENERATED = {
    "<attrs generated ": "makes, compares, hashes and shows instances, by the fields of the class, which are walked",
}

THREAD_LOCALS = {
    ("attr._compat", "repr_context"): "which objects this thread is making texts of, against texts without an end: "
    "none, unless it is just making one",
}
