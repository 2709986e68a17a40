"""numpyro: NUTS and SVI on a linear regression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.infer import NUTS, SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal


def model(x: Any, y: Any = None) -> None:
    slope = numpyro.sample("slope", dist.Normal(0.0, 1.0))
    scale = numpyro.sample("scale", dist.HalfNormal(1.0))
    with numpyro.plate("data", x.shape[0]):
        numpyro.sample("y", dist.Normal(slope * x, scale), obs=y)


def jobs(jit: Callable[..., Any]) -> dict[str, Callable[[], Any]]:
    x = jnp.linspace(0.0, 1.0, 8)
    y = 2 * x
    kernel = NUTS(model, max_tree_depth=2)
    svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(1e-2), Trace_ELBO())

    def sample() -> Any:
        first = kernel.init(jax.random.PRNGKey(0), 5, None, (x,), {"y": y})
        after = jit(lambda state, x, y: kernel.sample(state, (x,), {"y": y}))(first, x, y)
        return after.z, after.potential_energy

    def vary() -> Any:
        first = svi.init(jax.random.PRNGKey(1), x, y)
        after, loss = jit(svi.update)(first, x, y)
        return after.optim_state, loss

    return {"nuts": sample, "svi": vary}
