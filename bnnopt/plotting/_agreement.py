"""What a model says when it is trained again."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnnopt._estimators import real, require
from bnnopt._typing import ArrayLike
from bnnopt._validation import numbers_of
from bnnopt.exceptions import InvalidDataError
from bnnopt.metrics import retraining_agreement
from bnnopt.plotting._predictions import pick_output
from bnnopt.plotting._style import OKABE_ITO, new_axes, with_unit


class AgreementDisplay:
    """Predictions of retrained models for the same rows, against their mean over the retrainings.

    Points close to the diagonal: the rows of the training determine the model. Long vertical lines: what the
    model says there is chance of its seed; regularise more, or train longer.

    Parameters
    ----------
    predictions : array-like of shape (n_retrainings, n_rows)
        What each retraining predicts, in `unit`, finite; at least 2 retrainings and 2 rows, others than those
        of the training.
    label, unit : str
        Name and unit of the outcome; a unit of "" is left out.

    Attributes
    ----------
    agreement_ : float
        See `bnnopt.metrics.retraining_agreement`.
    ax_, figure_ : Axes, Figure
        What was drawn on.
    points_ : Line2D
        The predictions, retraining after retraining.
    ranges_ : LineCollection
        From the smallest to the largest prediction of each row.
    diagonal_ : Line2D

    Raises
    ------
    InvalidDataError
        If the shape is wrong or a prediction is not finite.

    References
    ----------
    Voznyy et al., ACS Nano 2019, 13, 11122-11128, Methods.
    """

    def __init__(self, predictions: ArrayLike, *, label: str = "outcome", unit: str = "") -> None:
        self.predictions = numbers_of(predictions, "predictions").copy()
        if self.predictions.ndim != 2:
            raise InvalidDataError(
                "predictions: one outcome, shape (n_retrainings, n_rows), was expected; "
                f"{self.predictions.shape} came. Of several outputs, pass predictions[:, :, output]."
            )
        self.agreement_ = float(retraining_agreement(self.predictions))
        self.label, self.unit = label, unit

    @classmethod
    def from_estimators(
        cls, estimators: Sequence[Any], rows: ArrayLike, *, output: int = 0, **options: Any
    ) -> "AgreementDisplay":
        """Predict the same rows with each of several models, such as those of `retrain`.

        Parameters
        ----------
        estimators : sequence of fitted regressors
            The same model, trained with different seeds; at least 2.
        rows : array-like or DataFrame of shape (n_rows, n_features)
            Where to compare them.
        output : int, default=0
            Which output is drawn.
        **options
            Passed to `AgreementDisplay`.

        Returns
        -------
        AgreementDisplay
            Not drawn yet; `plot` draws it.
        """
        means = [np.asarray(estimator.predict(rows), dtype=float) for estimator in estimators]
        return cls([pick_output(mean.reshape(len(mean), -1), output) for mean in means], **options)

    def plot(self, ax: Any | None = None, *, size: float = 4.0) -> "AgreementDisplay":
        """Draw the predictions.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw. Default: a new figure.
        size : float, default=4
            Diameter of a marker, points.

        Returns
        -------
        AgreementDisplay
            Itself, with `ax_`, `figure_` and the artists.
        """
        require(real(0), size=size)
        self.figure_, self.ax_ = new_axes(ax)
        mean = self.predictions.mean(axis=0)
        low, high = self.predictions.min(axis=0), self.predictions.max(axis=0)
        margin = 0.04 * (high.max() - low.min()) or 1.0
        limits = float(low.min() - margin), float(high.max() + margin)
        (self.diagonal_,) = self.ax_.plot(limits, limits, color="black", linewidth=1, linestyle="--")
        self.ranges_ = self.ax_.vlines(mean, low, high, color=OKABE_ITO["sky blue"], linewidth=1.2, zorder=2)
        look = {"linestyle": "", "marker": "o", "markersize": size, "markeredgewidth": 0.0, "zorder": 3}
        x = np.tile(mean, len(self.predictions))
        (self.points_,) = self.ax_.plot(
            x, self.predictions.ravel(), color=OKABE_ITO["blue"], label=self.describe(), **look
        )
        self.ax_.set(xlim=limits, ylim=limits, aspect="equal")
        self.ax_.set_xlabel(with_unit(f"mean prediction of {self.label}", self.unit))
        self.ax_.set_ylabel(with_unit("prediction of each retraining", self.unit))
        self.ax_.legend(loc="upper left", fontsize="small", frameon=False)
        return self

    def describe(self) -> str:
        """Return the agreement and what it was found on, a line each, as the legend shows them.

        Returns
        -------
        str
            Two lines.
        """
        n_retrainings, n_rows = self.predictions.shape
        return f"agreement {self.agreement_:.3f}\n{n_retrainings} retrainings, {n_rows} rows"
