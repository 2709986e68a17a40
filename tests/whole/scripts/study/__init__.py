"""A small project as people write them: a package with relative imports, run by ``python -m study``."""
