import pytest

from bnnopt.exceptions import InvalidDataError
from bnnopt.plotting import OutcomeSpaceDisplay

LAYERS = {
    "plain": ([4.0, 5.0], [4.0, 5.0]),
    "with both": ([0.0, 10.0], [0.0, 10.0]),
    "with one": ([2.0, 8.0], [2.0, 8.0]),
}


@pytest.fixture
def drawn(ax):
    measured = {"measured": ([5.0, 6.0], [0.1, 0.2]), "guided": [False, True]}
    return OutcomeSpaceDisplay(LAYERS, **measured, x_label="Peak", x_unit="nm", y_label="PD").plot(ax)


def test_the_widest_layer_is_at_the_bottom_and_data_at_the_top(drawn, ax):
    assert drawn.ax_ is ax
    assert list(drawn.layers_) == ["with both", "with one", "plain"]
    heights = [layer.get_zorder() for layer in drawn.layers_.values()]
    assert heights == sorted(set(heights))
    assert drawn.historical_.get_zorder() > heights[-1]


def test_the_layers_hold_the_given_points(drawn):
    for name, (x, y) in LAYERS.items():
        assert drawn.layers_[name].get_offsets().tolist() == [list(pair) for pair in zip(x, y, strict=True)]
        assert drawn.layers_[name].get_rasterized()
    assert drawn.historical_.get_offsets().tolist() == [[5, 0.1]]
    assert drawn.guided_.get_offsets().tolist() == [[6, 0.2]]


def test_no_two_layers_share_a_colour(drawn):
    colors = {tuple(layer.get_facecolors()[0]) for layer in drawn.layers_.values()}
    assert len(colors) == 3


def test_labels_and_legend(drawn):
    assert drawn.ax_.get_xlabel() == "Peak (nm)"
    assert drawn.ax_.get_ylabel() == "PD"
    texts = [text.get_text() for text in drawn.ax_.get_legend().get_texts()]
    assert texts == ["with both", "with one", "plain", "historical", "model-guided"]


def test_the_given_order_can_be_kept(ax):
    display = OutcomeSpaceDisplay(LAYERS, sort_layers=False).plot(ax)
    assert list(display.layers_) == list(LAYERS)
    assert len(display.historical_.get_offsets()) == 0


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({}, "1 to 5 were expected; 0 came"),
        ({str(number): ([0.0], [0.0]) for number in range(6)}, "1 to 5 were expected; 6 came"),
        ({"a": ([0.0], [0.0, 1.0])}, "x of layer 'a' 1, y of layer 'a' 2"),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, message):
    with pytest.raises(InvalidDataError, match=message):
        OutcomeSpaceDisplay(layers)
