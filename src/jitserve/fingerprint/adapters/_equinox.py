"""Equinox: code that it writes for classes."""

from __future__ import annotations

# Names of generated files: what is generated follows from the class alone, and the class is walked.
GENERATED = {
    "<generated_flatten_with_keys_": "takes a module apart, by the names of its fields",
    "<generated_flatten_": "takes a module apart, by the names of its fields",
    "<generated_unflatten_": "puts a module together, by the names of its fields",
}
