"""jitserve._core: the C++ core. The definitions and their contracts are in cpp/bindings."""

__version__: str
