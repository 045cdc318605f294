"""
PbS quantum dots: the next recipes from published ones
======================================================

A hundred published syntheses (Voznyy et al., ACS Nano 2019) say what recipes gave. Which recipe would give
dots of one size whose peak lies near 1150 nm? This is the short form of the worked example of the repository,
which compares models, scores a million recipes and draws the figures of the paper. The data are CC BY-NC 4.0.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import bnnopt
from bnnopt import BayesianOptimizer, Context, Minimize, Outcome, OutcomeConstraint, Real, SearchSpace
from bnnopt.plotting import ParityDisplay, SliceDisplay

# %%
# The outcome that counts is the polydispersity, exp(-peak/valley). Failed syntheses have none.
folder = Path(bnnopt.__file__).parents[1] / "examples" / "cqd_pbs" / "data"
runs = pd.read_csv(folder / "si_subset_100.csv")
runs["polydispersity"] = np.exp(-runs["peak_valley"])
settings = list(runs.columns[3:11])
runs[["T_outdoor_C", *settings, "peak_nm", "polydispersity"]].describe().T[["min", "mean", "max"]].round(2)

# %%
# The outdoor temperature is context: learned from, and not searched.
space = SearchSpace(
    [Context("T_outdoor_C", unit="°C")]
    + [Real(name, runs[name].min(), runs[name].max(), unit=name.rsplit("_", 1)[-1]) for name in settings]
)
optimizer = BayesianOptimizer(
    space,
    [Minimize("polydispersity"), OutcomeConstraint("peak_nm", lower=1130, upper=1170, unit="nm")],
    outcomes=[Outcome("polydispersity", lower=0, upper=1)],
    surrogate="gaussian_process_ensemble",
    random_state=0,
)
optimizer.tell(runs, runs[["polydispersity", "peak_nm"]])
optimizer.summary()

# %%
# Is the model to be trusted? Each run as it is predicted without itself.
ParityDisplay.from_optimizer(optimizer, outcome="peak_nm").plot()

# %%
# Four recipes to run next on a day of 12 °C.
batch = optimizer.ask(4, context={"T_outdoor_C": 12.0})
batch[[*settings, "peak_nm_mean", "peak_nm_std", "polydispersity_mean", "reason"]].round(2)

# %%
# How the peak follows the injection temperature, around the first of them.
SliceDisplay.from_optimizer(optimizer, "T_inj_C", row=batch.iloc[[0]], outcome="peak_nm").plot()
