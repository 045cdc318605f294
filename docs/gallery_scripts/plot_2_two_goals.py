"""
Two goals, a mixture and a limit
================================

A coating of a polymer, a filler and a plasticiser, whose shares make one. It should be hard and bend; both at
once cannot be had, so the answer is a front of compromises. At most a third may be filler, and a run without
enough polymer fails: the optimizer learns where.
"""

import numpy as np
import pandas as pd

from bnnopt import BayesianOptimizer, LinearConstraint, Maximize, Real, SearchSpace
from bnnopt.plotting import ParetoDisplay


def laboratory(runs: pd.DataFrame) -> pd.DataFrame:
    """Stand in for the experiments; NaN where no film forms."""
    hardness = 20 + 120 * runs["filler"] + 30 * runs["polymer"] - 60 * runs["plasticiser"] ** 2
    bending = 5 + 60 * runs["plasticiser"] - 40 * runs["filler"] ** 2 + 10 * runs["polymer"]
    results = pd.DataFrame({"hardness": hardness, "bending": bending})
    results[runs["polymer"] < 0.35] = np.nan
    return results


# %%
# The shares are 0 to 1 and make 1; the filler is at most a third.
space = SearchSpace(
    [Real("polymer", 0, 1), Real("filler", 0, 1 / 3), Real("plasticiser", 0, 1)],
    constraints=[LinearConstraint({"polymer": 1, "filler": 1, "plasticiser": 1}, lower=1, upper=1)],
)
optimizer = BayesianOptimizer(
    space,
    [Maximize("hardness"), Maximize("bending", unit="mm")],
    surrogate="gaussian_process_ensemble",
    n_initial=8,
    reference_point=(0.0, 0.0),
    random_state=0,
)
for size in (8, 4, 4, 4):
    batch = optimizer.ask(size)
    optimizer.tell(batch, laboratory(batch))
print(optimizer.summary())

# %%
# The compromises that were measured: none is worse than another in both.
ParetoDisplay.from_optimizer(optimizer, optimizer.ask(4)).plot()

# %%
# As a table.
optimizer.front().round(2)

# %%
# Shares that were proposed make one, to rounding.
print(np.abs(batch[["polymer", "filler", "plasticiser"]].sum(axis=1) - 1).max())
