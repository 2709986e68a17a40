"""Says how it was started, and fails."""

import sys

from . import __doc__ as text

print(text, __name__, __package__, __spec__.name, sys.argv[1:])
raise LookupError("this is how it fails")
