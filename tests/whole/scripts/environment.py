"""Prints its environment."""

import os

print(dict(os.environ))
