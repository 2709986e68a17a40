"""How often the sitecustomize beside this script has run."""

import sys

print(sys.hidden_runs, sys.modules["sitecustomize"].__file__)
