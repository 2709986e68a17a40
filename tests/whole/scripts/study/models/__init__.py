from . import layers
from .mlp import MLP

REGISTRY = {}


def register(name):
    def decorate(cls):
        REGISTRY[name] = cls
        return cls

    return decorate


register("mlp")(MLP)


def build(name, **options):
    return REGISTRY[name](**options)


__all__ = ["MLP", "build", "layers"]
