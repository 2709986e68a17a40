"""Programs of different kinds. Each module has ``build() -> (function, arguments)``; arguments are numpy arrays."""

NAMES = ("transformer", "convnet", "rnn", "linalg", "ode", "sampling")
