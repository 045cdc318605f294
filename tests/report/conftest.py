import numpy as np
import pandas as pd
import pytest

from bnnopt import (
    BayesianOptimizer,
    Categorical,
    Context,
    LinearConstraint,
    Maximize,
    OutcomeConstraint,
    Real,
    SearchSpace,
)
from bnnopt.campaign import with_intervals
from bnnopt.report import ReportData, write_report

FAST = "gaussian_process_ensemble"
HOSTILE = '<b onclick="x()">odd</b> & </script><script>window.broken = 1</script> %{x} "quoted" {{ 7 * 7 }}'


def run_campaign(space, objectives, measure, *, n_batches=2, n_first=8, context=None, **options):
    """Run batches through an optimizer, and return it with the tables of a campaign folder."""
    optimizer = BayesianOptimizer(
        space, objectives, surrogate=FAST, n_initial=n_first, random_state=0, **options
    )
    rng, runs, suggestions = np.random.default_rng(0), [], []
    for number in range(n_batches + 1):
        batch = with_intervals(optimizer.ask(4 if number else n_first, context=context), optimizer)
        first = 1 + sum(map(len, suggestions))
        batch.insert(0, "id", [f"run-{first + place}" for place in range(len(batch))])
        suggestions.append(batch)
        outcomes = measure(batch, rng) * (np.nan if number == n_batches else 1.0)
        if number < n_batches:
            optimizer.tell(batch, outcomes)
        status = [
            "planned" if number == n_batches else "failed" if bad else "measured"
            for bad in outcomes.isna().any(axis=1)
        ]
        settings = batch[["id", *space.names]].assign(**outcomes)
        runs.append(settings.assign(status=status, batch=number + 1, note=HOSTILE))
    return optimizer, pd.concat(runs, ignore_index=True), suggestions


def measure_yield(batch, rng):
    heat = 80 * np.exp(-(((batch["T"] - 110) / 40) ** 2)) + 5 * (batch["solvent"] == "THF")
    outcomes = pd.DataFrame({"yield": heat + rng.normal(0, 1, len(batch)), "purity": 99 - 0.01 * batch["T"]})
    return outcomes.where(batch["T"] < 160)


@pytest.fixture(scope="session")
def coupling():
    """One objective, a limit, levels, a context and a constraint; some runs failed, some are planned."""
    space = SearchSpace(
        [
            Real("T", 50, 170, unit="°C", step=1),
            Real("rate", 0.1, 100, scale="log", unit="mL/min"),
            Categorical("solvent", ["toluene", "THF", HOSTILE]),
            Context("lab_T", unit="°C"),
        ],
        [LinearConstraint({"T": 1, "rate": 0.1}, upper=175)],
    )
    goals = [Maximize("yield", unit="%"), OutcomeConstraint("purity", lower=97, unit="%")]
    return run_campaign(space, goals, measure_yield, context={"lab_T": 21.0})


@pytest.fixture(scope="session")
def page(coupling, tmp_path_factory):
    """The page of the campaign of `coupling`."""
    optimizer, runs, suggestions = coupling
    path = tmp_path_factory.mktemp("report") / "page.html"
    data = ReportData.of(
        optimizer,
        runs,
        suggestions,
        name=HOSTILE,
        description="A coupling",
        seed=7,
        versions={"balance": "3"},
        hashes={"campaign.toml": "abc123"},
        created="1 May",
    )
    write_report(data, path)
    return path
