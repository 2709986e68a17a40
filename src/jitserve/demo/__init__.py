"""``jitserve demo``: one real training step, called first in fresh processes, with and without caches.

``train_step`` is the job, an ordinary script. ``_child`` is what it needs to report on itself (``_first_call`` times
the call, ``_outputs`` digests what it returned). ``_report`` is what comes back, ``_daemon`` and ``_process`` start and
end the processes, ``_scenario`` says in which order, ``_verdict`` says whether it went well. Only ``train_step`` and
``_child`` import jax: they run in the children.
"""
