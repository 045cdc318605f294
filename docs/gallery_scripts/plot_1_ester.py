"""
A yield in twenty-four runs
===========================

A made-up esterification: temperature, time and catalyst are set, the yield is measured with a noise of 1.5 %.
Eight runs fill the space, then four at a time go where the model expects more. The yield is a percentage, so
the model is told its bounds, and no interval leaves them.
"""

import numpy as np
import pandas as pd

from bnnopt import BayesianOptimizer, Categorical, Maximize, Outcome, Real, SearchSpace
from bnnopt.plotting import ConvergenceDisplay, MapDisplay

rng = np.random.default_rng(0)


def laboratory(runs: pd.DataFrame) -> pd.Series:
    """Stand in for the experiments: the yield in %."""
    best_at = runs["catalyst"].map({"A": 95.0, "B": 120.0})
    height = runs["catalyst"].map({"A": 78.0, "B": 92.0})
    away = ((runs["T"] - best_at) / 35) ** 2 + ((runs["time"] - 75) / 60) ** 2
    return (height * np.exp(-away) + rng.normal(0, 1.5, len(runs))).clip(0, 100)


# %%
# What may be set, what is wanted, and between which bounds the outcome lies.
space = SearchSpace(
    [Real("T", 50, 150, unit="°C"), Real("time", 10, 120, unit="min"), Categorical("catalyst", ["A", "B"])]
)
optimizer = BayesianOptimizer(
    space,
    [Maximize("yield", unit="%")],
    outcomes=[Outcome("yield", lower=0, upper=100)],
    surrogate="gaussian_process_ensemble",
    n_initial=8,
    random_state=0,
)

# %%
# Ask, run, tell. The table of ``ask`` has a prediction and a reason for each row.
for size in (8, 4, 4, 4, 4):
    batch = optimizer.ask(size)
    optimizer.tell(batch, {"yield": laboratory(batch)})
batch.round(1)

# %%
# The best so far, run by run.
ConvergenceDisplay.from_optimizer(optimizer).plot()

# %%
# What the model expects of catalyst B over the plane of the other two settings.
MapDisplay.from_optimizer(optimizer, ("T", "time")).plot()

# %%
# The best run that the model believes in, and the interval of a further run there.
best = optimizer.best().to_frame().T
best.reset_index(drop=True).join(optimizer.intervals(best, 0.95))
