import sys

sys.hidden_runs = getattr(sys, "hidden_runs", 0) + 1
