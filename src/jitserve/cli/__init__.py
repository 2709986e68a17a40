"""The command lines ``jitserve`` and ``jitserve-daemon``. Each command imports what it needs; none imports jax."""
