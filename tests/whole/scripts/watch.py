"""Runs a program and writes what JAX did meanwhile, as JSON: watch.py OUTPUT PROGRAM ARGUMENTS..."""

import json
import runpy
import sys

import jax

output, program = sys.argv[1:3]
del sys.argv[:2]
traced: list[str] = []
compiled: list[str] = []
served = 0


def on_duration(event: str, seconds: float, **about: object) -> None:
    if event == "/jax/core/compile/jaxpr_trace_duration":
        traced.append(str(about.get("fun_name")))
    if event == "/jax/core/compile/backend_compile_duration":
        compiled.append(str(about.get("fun_name")))


def on_event(event: str, **about: object) -> None:
    global served
    served += event == "/jax/compilation_cache/cache_hits"


jax.monitoring.register_event_duration_secs_listener(on_duration)
jax.monitoring.register_event_listener(on_event)
runpy.run_path(program, run_name="__main__")
with open(output, "w") as file:
    json.dump({"traced": traced, "compiled": compiled, "served": served}, file)
