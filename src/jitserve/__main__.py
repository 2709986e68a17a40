"""``python -m jitserve`` is the ``jitserve`` command."""

from jitserve.cli.main import main

if __name__ == "__main__":
    main()
