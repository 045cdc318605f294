import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from bnnopt.exceptions import InvalidDataError, UnknownNameError
from bnnopt.inspection import TableModel, attainable_map, local_effects, trade_off
from bnnopt.objectives import Minimize
from bnnopt.plotting import EffectArrowsDisplay, LocalEffectsDisplay, MapDisplay, TradeOffDisplay
from bnnopt.space import Categorical, Real, SearchSpace

ROW = {"lead": 10.0, "heat": 100.0}


class Plane:
    """peak = 20 lead + 4 heat, width = 0.1 heat - lead; draws shift all slopes by whole numbers."""

    def predict(self, X, return_std=False):
        lead, heat = X["lead"].to_numpy(), X["heat"].to_numpy()
        mean = np.column_stack([20 * lead + 4 * heat, 0.1 * heat - lead])
        return (mean, np.full_like(mean, 0.1)) if return_std else mean

    def sample_y(self, X, n_samples=1, random_state=0):
        shift = np.linspace(-1, 1, n_samples) * X["lead"].to_numpy()[:, None]
        return self.predict(X)[..., None] + shift[:, None]


@pytest.fixture
def model():
    space = SearchSpace([Real("lead", 0, 20, unit="mL"), Real("heat", 50, 150, unit="°C")])
    return TableModel(Plane(), space, ["peak", "width"], {"peak": "nm"}, Minimize("width"))


def test_a_forest_has_the_strongest_effect_on_top(model, ax):
    display = LocalEffectsDisplay.from_model(model, ROW, outcome="peak", n_draws=5).plot(ax)
    assert display.names == ["lead: 9 → 11 mL", "heat: 95 → 105 °C"]
    assert display.change.tolist() == pytest.approx([40, 40])
    assert ax.get_xlabel() == "change of peak, 95 % interval (nm)"
    assert [text.get_text() for text in ax.get_yticklabels()] == display.names
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_effects_that_may_be_none_are_open(ax):
    display = LocalEffectsDisplay(["a", "b"], [1.0, 2.0], [-1.0, 1.0], [3.0, 3.0]).plot(ax)
    assert display.is_certain_.tolist() == [False, True]
    assert display.certain_.get_offsets().tolist() == [[2.0, 1.0]]
    assert display.open_.get_offsets().tolist() == [[1.0, 0.0]]


def test_arrows_end_at_the_medians_of_the_draws(model, ax):
    effects = local_effects(model, ROW, n_draws=5)
    display = EffectArrowsDisplay.from_effects(effects).plot(ax)
    np.testing.assert_allclose(display.heads_["lead: 9 → 11 mL"], [40, -2])
    np.testing.assert_allclose(display.heads_["heat: 95 → 105 °C"], [40, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("change of peak (nm)", "change of width")
    assert display.clouds_["lead: 9 → 11 mL"].get_offsets().shape == (5, 2)
    only = EffectArrowsDisplay.from_effects(effects, ("width", "peak"), settings=["heat"])
    assert list(only.arrows) == ["heat: 95 → 105 °C"]
    with pytest.raises(UnknownNameError, match="Unknown setting"):
        EffectArrowsDisplay.from_effects(effects, settings=["heet"])


def test_a_trade_off_shows_the_path_and_where_there_is_none(model, ax):
    found = trade_off(model, "lead", "heat", held="peak", value=700, row=ROW, n_points=5, n_draws=9)
    display = TradeOffDisplay.from_trade_off(found).plot(ax)
    assert display.title == "peak held at 700 nm"
    assert (display.y_label, display.by_label, display.by_unit) == ("width", "heat", "°C")
    assert display.is_there_.tolist() == [False, True, True, True, True]
    np.testing.assert_allclose(display.points_.get_array(), [150, 125, 100, 75])
    assert [gap.get_label() for gap in display.gaps_] == ["cannot be had"]
    np.testing.assert_allclose(display.start_.get_offsets(), [[10, 2.5]])
    assert display.colorbar_.ax.get_ylabel() == "heat (°C)"
    with pytest.raises(InvalidDataError, match="0 of 5 can"):
        TradeOffDisplay.from_trade_off(trade_off(model, "lead", "heat", value=1e9, row=ROW, n_points=5))
    with pytest.raises(UnknownNameError, match="Unknown outcome"):
        TradeOffDisplay.from_trade_off(found, "hight")


def test_a_map_shows_best_mean_or_slice(model, ax):
    pool = pd.DataFrame({"lead": [5.0, 5.0, 15.0], "heat": [60.0, 80.0, 140.0]})
    found = attainable_map(model, "lead", "heat", row=ROW, n_cells=2, pool=pool)
    display = MapDisplay.from_attainable(found, contour="peak").plot(ax)
    np.testing.assert_allclose(display.values, [[1.0, np.nan], [np.nan, -1.0]])
    assert (display.value_label, display.contour_label) == ("best predicted width", "predicted peak")
    assert (display.x_unit, display.contour_unit) == ("mL", "nm")
    np.testing.assert_allclose(MapDisplay.from_attainable(found, "mean").values[0, 0], 2.0)
    np.testing.assert_allclose(MapDisplay.from_attainable(found, "slice").values[0], [2.5, -7.5])


def test_failed_runs_are_crosses_of_their_own(ax):
    measured = [0.5, 1.5, 0.5], [0.5, 0.5, 1.5]
    display = MapDisplay(
        [0, 1, 2], [0, 1, 2], [[1, 2], [3, 4]], measured=measured, failed=[False, True, False]
    )
    display.plot(ax)
    assert display.failed_.get_offsets().tolist() == [[1.5, 0.5]]
    assert len(display.historical_.get_offsets()) == 2
    assert "failed" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_labels_of_contours_stand_on_plates(ax):
    x, y = np.meshgrid(np.arange(12), np.arange(12))
    display = MapDisplay(np.arange(13), np.arange(13), x * 1.0, contour=y * 10.0).plot(ax)
    texts = display.contour_.labelTexts
    assert texts
    assert all(text.get_bbox_patch() is not None for text in texts)
    assert {to_rgba(text.get_color()) for text in texts} == {to_rgba("black")}


def test_long_levels_are_shortened_in_the_middle():
    class Alike:
        def predict(self, X, return_std=False):
            return (np.zeros(len(X)), np.ones(len(X))) if return_std else np.zeros(len(X))

        def sample_y(self, X, n_samples=1, random_state=0):
            return np.zeros((len(X), n_samples))

    long = "CC(C)C1=CC(C(C)C)=C(C(C(C)C)=C1)C2"
    space = SearchSpace([Categorical("ligand", ["short", long])])
    model = TableModel(Alike(), space, ["peak"], {}, Minimize("peak"))
    display = LocalEffectsDisplay.from_model(model, {"ligand": "short"})
    assert display.names == ["ligand → CC(C)C1=C…C)=C1)C2"]
