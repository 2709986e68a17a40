"""jitserve-daemon: one per host and store. Imports no jax.

It is the control plane for processes that share the store directory, and the way to the store for those that do not.

``_server`` wires it together and starts and stops it; ``_service`` answers RPCs; ``_leases`` is the table of keys being
compiled; ``_tally`` counts what clients report, ``metrics`` shows it; ``_janitor`` measures the store.
"""
