"""The names of the cases in ``scripts/described.py``, which cannot be imported here: they want several devices."""

DESCRIBED = (
    "uncommitted",
    "bfloat16",
    "int4",
    "float64_without_x64",
    "weak_type",
    "scalar",
    "one_device",
    "explicit_mesh",
    "automatic_mesh",
    "host_memory",
    "column_by_column",
    "typed_key",
    "typed_keys",
    "tree",
    "keywords_and_statics",
    "numpy_array",
    "python_number",
    "donated",
    "method",
    "jitted_by_jax",
)
