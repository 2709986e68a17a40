"""The bridge to JAX: the only package that touches JAX's private API, behind one small interface.

Importing it fails where the installed JAX is not supported, or has changed what the bridge needs; the caller then
runs plain ``jax.jit``.
"""

from __future__ import annotations

from jitserve._jax._absent import stand_in as stand_in
from jitserve._jax._absent import without_trace as without_trace
from jitserve._jax._call import Call as Call
from jitserve._jax._call import call_number as call_number
from jitserve._jax._call import check_leaves as check_leaves
from jitserve._jax._call import flatten_functions as flatten_functions
from jitserve._jax._call import leaf_aval as leaf_aval
from jitserve._jax._call import leaf_placement as leaf_placement
from jitserve._jax._call import leaves_alike as leaves_alike
from jitserve._jax._call import node_entries as node_entries
from jitserve._jax._call import parse_call as parse_call
from jitserve._jax._call import process_count as process_count
from jitserve._jax._call import tree_nodes as tree_nodes
from jitserve._jax._clearing import clearings as clearings
from jitserve._jax._clearing import hear_of_evictions as hear_of_evictions
from jitserve._jax._cluster import KeyValues as KeyValues
from jitserve._jax._cluster import key_values as key_values
from jitserve._jax._cluster import process_index as process_index
from jitserve._jax._cluster import processes_named as processes_named
from jitserve._jax._cluster import processes_of as processes_of
from jitserve._jax._compilation_cache import Entries as Entries
from jitserve._jax._compilation_cache import put_in_front as put_in_front
from jitserve._jax._context import at_top_level as at_top_level
from jitserve._jax._context import concrete_mesh as concrete_mesh
from jitserve._jax._context import config_count as config_count
from jitserve._jax._context import config_holders as config_holders
from jitserve._jax._context import config_states as config_states
from jitserve._jax._context import context_values as context_values
from jitserve._jax._context import debug_modes as debug_modes
from jitserve._jax._context import forbids_tracing as forbids_tracing
from jitserve._jax._context import is_of_top_level as is_of_top_level
from jitserve._jax._context import is_tracing as is_tracing
from jitserve._jax._context import mesh_text as mesh_text
from jitserve._jax._context import own_context as own_context
from jitserve._jax._executable import ConventionParts as ConventionParts
from jitserve._jax._executable import convention_parts as convention_parts
from jitserve._jax._executable import deserialize as deserialize
from jitserve._jax._executable import execute as execute
from jitserve._jax._executable import serialize as serialize
from jitserve._jax._executable import serializer as serializer
from jitserve._jax._executable import serializes_later as serializes_later
from jitserve._jax._inner import bind as bind
from jitserve._jax._inner import is_plain_data as is_plain_data
from jitserve._jax._inner import is_remembered as is_remembered
from jitserve._jax._inner import remember as remember
from jitserve._jax._nodes import describe_tree as describe_tree
from jitserve._jax._own_traces import SharingOwnTraces as SharingOwnTraces
from jitserve._jax._own_traces import is_jaxs_own as is_jaxs_own
from jitserve._jax._own_traces import share_own_traces as share_own_traces
from jitserve._jax._pjit import CacheMiss as CacheMiss
from jitserve._jax._pjit import drop_our_frames as drop_our_frames
from jitserve._jax._pjit import filter_traceback as filter_traceback
from jitserve._jax._pjit import given_options as given_options
from jitserve._jax._pjit import hide_frames as hide_frames
from jitserve._jax._pjit import is_jitted as is_jitted
from jitserve._jax._pjit import option_fields as option_fields
from jitserve._jax._pjit import options as options
from jitserve._jax._pjit import stock_jit as stock_jit
from jitserve._jax._pjit import stock_jit_inside as stock_jit_inside
from jitserve._jax._pjit import user_function as user_function
from jitserve._jax._pjit import with_cache_miss as with_cache_miss
from jitserve._jax._platform import client_of as client_of
from jitserve._jax._platform import describe_devices as describe_devices
from jitserve._jax._platform import devices_by_id as devices_by_id
from jitserve._jax._platform import has_backend as has_backend
from jitserve._jax._program import CompilationParts as CompilationParts
from jitserve._jax._program import Lowered as Lowered
from jitserve._jax._program import Traced as Traced
from jitserve._jax._program import compile_stored as compile_stored
from jitserve._jax._program import infer_params as infer_params
from jitserve._jax._program import trace as trace
from jitserve._jax._replacement import Replacement as Replacement
from jitserve._jax._rules import outer_tables as outer_tables
from jitserve._jax._rules import rule_tables as rule_tables
from jitserve._jax._rules import rules_of as rules_of
from jitserve._jax._stages import serve_stages as serve_stages
from jitserve._jax._targets import check_targets as check_targets
from jitserve._jax._targets import ensure_targets as ensure_targets
from jitserve._jax._warnings import Warned as Warned
from jitserve._jax._warnings import warn_again as warn_again
