"""``XLA_FLAGS`` counts as XLA has read it, once, when the backend was started. Each in processes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.whole.processes import evaluate

FAST = "--xla_cpu_enable_fast_math=true"
# With fast math, XLA takes it that nothing is NaN or infinite.
NAN = """
import os
import jax.numpy as jnp, numpy as np
X = np.array([np.nan, 1, 2, np.inf], "f4")
def f(x):
    nothing = jnp.sum(jnp.exp(jnp.sin(x) / (x + 0.1))) * 0
    return jnp.where(jnp.isnan(x), 7.0, x) + nothing + jnp.where(x - x == 0, 1.0, 2.0)
def call():
    answer(value=repr(np.asarray(jitserve.jit(f)(X))), plain=repr(np.asarray(jax.jit(lambda x: f(x))(X))))
"""
LATE = f"jax.devices()\nos.environ['XLA_FLAGS'] = '{FAST}'\ncall()"
GONE = "jax.devices()\ndel os.environ['XLA_FLAGS']\ncall()"


@pytest.mark.parametrize(
    ("code", "flags", "of_the_other"),
    [pytest.param(LATE, "", FAST, id="set"), pytest.param(GONE, FAST, "", id="deleted")],
)
def test_flags_that_are_changed_after_xla_has_read_them_do_not_lead_to_the_program_of_others(
    store_dir: Path, code: str, flags: str, of_the_other: str
) -> None:
    first = evaluate(NAN + code, XLA_FLAGS=flags)
    assert first["stats"]["published"] == 1
    second = evaluate(NAN + "call()", XLA_FLAGS=of_the_other)
    assert second["value"] == second["plain"] != first["value"] == first["plain"]
    assert second["stats"]["direct_hits"] == 0
    third = evaluate(NAN + "call()", XLA_FLAGS=of_the_other)
    assert third["value"] == third["plain"]
    assert third["stats"]["direct_hits"] == 1


def test_flags_can_be_set_until_the_backend_starts_as_without_us(store_dir: Path) -> None:
    code = (
        "import os\nfunction = jitserve.jit(lambda x: x + 1)\njax.eval_shape(function, 1.0)\nfunction.trace(1.0)\n"
        "os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=3'\nanswer(count=jax.device_count())"
    )
    assert evaluate(code)["count"] == 3


# Of XLA, that it knows in every supported line of JAX.
INERT = (
    *("xla_dump_compress_protos", "xla_dump_disable_metadata", "xla_dump_enable_mlir_pretty_form"),
    *("xla_dump_full_hlo_config", "xla_dump_fusion_visualization", "xla_dump_hlo_as_dot", "xla_dump_hlo_as_html"),
    *("xla_dump_hlo_as_long_text", "xla_dump_hlo_as_proto", "xla_dump_hlo_as_text", "xla_dump_hlo_as_url"),
    *("xla_dump_hlo_snapshots", "xla_dump_hlo_to_subfolder", "xla_dump_hlo_unoptimized_snapshots"),
    *("xla_dump_include_timestamp", "xla_dump_large_constants", "xla_dump_latency_hiding_schedule"),
    *("xla_dump_module_metadata", "xla_gpu_dump_autotuned_gemm_fusions", "xla_gpu_dump_autotuned_instructions"),
    *("xla_gpu_dump_llvmir", "xla_gpu_print_compilation_stats", "xla_hlo_profile"),
)
TEXTS = (
    *("xla_dump_emitter_re", "xla_dump_hlo_module_re", "xla_dump_hlo_pass_re", "xla_dump_hlo_pipeline_re"),
    *("xla_dump_to", "xla_gpu_dump_autotune_logs_to", "xla_gpu_dump_autotune_results_to"),
)


def test_flags_that_only_dump_are_no_options_that_count() -> None:
    code = "from jitserve import _jax\njax.devices()\nanswer(options=repr(_jax.xla_options()))"
    plain = evaluate(code)["options"]
    for value, text in (("true", "abc"), ("false", "")):
        dumping = [f"--{name}={value}" for name in INERT] + [f"--{name}={text}" for name in TEXTS]
        assert evaluate(code, XLA_FLAGS=" ".join(dumping))["options"] == plain
    for flag in (FAST, "--xla_gpu_autotune_level=2", "--xla_force_host_platform_device_count=3"):
        assert evaluate(code, XLA_FLAGS=flag)["options"] != plain
