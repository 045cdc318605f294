import subprocess
import sys

import pandas as pd
import pytest

import bnnopt.plotting as plotting

LOADS_NOTHING = (
    "import sys, bnnopt.plotting; sys.exit('matplotlib' in sys.modules or 'tensorflow' in sys.modules)"
)


def test_importing_the_room_loads_no_matplotlib():
    assert subprocess.run([sys.executable, "-c", LOADS_NOTHING], check=False).returncode == 0


@pytest.mark.parametrize(
    "display",
    [
        plotting.ConvergenceDisplay([1], [1]),
        plotting.CoverageDisplay([1], [2], [3]),
        plotting.MapDisplay([0, 1], [0, 1], [[1]]),
        plotting.SliceDisplay([0, 1], [1, 2]),
        plotting.OutcomeSpaceDisplay({"all": ([1], [2])}),
        plotting.SweepDisplay({"a": [[0, 0], [1, 1]]}),
        plotting.ParetoDisplay([1, 2], [2, 1]),
        plotting.ParityDisplay([1, 2], [1, 2]),
        plotting.AgreementDisplay([[1, 2], [1, 2]]),
        plotting.RoughnessDisplay([0, 1, 2], [[1, 2, 3]]),
        plotting.FitCheckDisplay(["agreement"], [1], [0.9], [1]),
        plotting.SearchDisplay([1], [1]),
        plotting.CalibrationDisplay([0.5], [0.4], 10),
        plotting.LearningCurveDisplay(
            {"random": pd.DataFrame(1.0, [0], ["n_rows", "median", "lowest", "highest"])}
        ),
        plotting.ReplicateSpreadDisplay([0, 0], [1, 2], [1], [0], [2]),
        plotting.LocalEffectsDisplay(["a"], [1], [0], [2]),
        plotting.EffectArrowsDisplay({"a": [[0, 1]]}),
        plotting.TradeOffDisplay([0, 1], [1, 2], [1, 2], [0, 1], [2, 3]),
    ],
)
def test_without_matplotlib_the_extra_is_named(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "bnnopt\[plot\]"'):
        display.plot()


def test_the_public_names_are_the_displays():
    assert all(name.endswith("Display") and hasattr(plotting, name) for name in plotting.__all__)
