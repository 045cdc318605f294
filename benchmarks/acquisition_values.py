"""Accuracy of the acquisition functions: of moments against 60 digits, of draws against their closed forms.

Run `python -m benchmarks.acquisition_values` (`--short` for CI, on fewer places and draws). Nothing is timed.

- moments: the largest relative error over z = -40 to 10, against quadrature with mpmath at 60 digits. z is
  the gain of the mean over the best in standard deviations; for "ef" it is minus the distance from the level.
  "folded" is the form for a target: the best is at a distance of 0.01, 1 or 10 standard deviations from it,
  the outcome further off by -z. Values below 1e-300, which floats cannot hold to full precision, are left
  out. The functions that are one line of arithmetic (ucb, gp_ucb, std, straddle) are not in the table.
- draws: five independent normal candidates, scored in batches of draws; the deviation of the mean score from
  the closed form of the mixture, or from quadrature where there is none, in standard errors of that mean, the
  largest over the candidates. "q_log_ei" is compared after taking the exponential. Beside the error
  of Monte Carlo this has the bias of finite batches.
"""

import argparse
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy.special import ndtr

from benchmarks.machine import describe, markdown
from bnnopt._typing import FloatArray
from bnnopt.acquisition import (
    ACQUISITIONS,
    expected_improvement,
    upper_confidence_bound,
)

DIGITS, SMALLEST, N_BATCHES = 60, 1e-300, 50
ALPHA = 2.0  # the default of "ef"
WIDTHS = (0.01, 1.0, 10.0)
MOMENT_BAR, DRAW_BAR = 1e-8, 4.0
MEAN, STD, BEST, NOISE = np.array([-1.5, -0.5, 0.0, 0.5, 1.0]), np.array([0.5, 1.0, 2.0, 0.2, 1.5]), 0.5, 0.5
CHOSEN_MEAN, CHOSEN_STD = 0.2, 1.0


def main(arguments: list[str] | None = None) -> None:
    """Compare and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a fifth of the places, a tenth of the draws")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    options = parser.parse_args(arguments)
    step, n_draws = (2.5, 400) if options.short else (0.5, 4000)
    rows = [*_moment_rows(np.arange(-40, 10 + step / 2, step)), *_draw_rows(n_draws, options.seed)]
    header = ["function", "compared with", "error", "bar", "met"]
    print(f"{describe()}\n{N_BATCHES} batches of {n_draws} draws\n\n{markdown(header, rows)}\n")


def _moment_rows(z: FloatArray) -> list[list[str]]:
    names = ("pi", "ei", "log_ei")
    plain = [_moment_row(name, z, _plain_cases, _plain_score, _plain) for name in names]
    folded = [_moment_row(name, z, _target_cases, _folded_score, _folded, " folded") for name in names]
    return [*plain, *folded, _moment_row("ef", z[z <= 0], _level_cases, _level_score, _level)]


def _moment_row(
    name: str,
    z: FloatArray,
    cases_at: Callable[[float], list[tuple[float, float]]],
    score: Callable[[str, float, float], float],
    exact: Callable[[str, float, float], mpmath.mpf],
    suffix: str = "",
) -> list[str]:
    """Return the row of one function, over the cases that belong to each z."""
    errors = []
    with mpmath.workdps(DIGITS):
        for case in (case for value in z for case in cases_at(float(value))):
            value = exact(name, *case)
            if abs(value) > SMALLEST:
                errors.append(abs(mpmath.mpf(score(name, *case)) / value - 1))
    worst = float(max(errors))
    reference = f"quadrature at {len(errors)} places"
    return _row(name + suffix, reference, f"{worst:.1e} relative", worst, MOMENT_BAR)


def _row(name: str, reference: str, error: str, value: float, bar: float) -> list[str]:
    return [name, reference, error, f"≤ {bar:g}", "yes" if value <= bar else "no"]


def _plain_score(name: str, z: float, _: float) -> float:
    return float(ACQUISITIONS[name].score([z], [1.0], best=0.0)[0])


def _folded_score(name: str, distance: float, width: float) -> float:
    return float(ACQUISITIONS[name].score_folded([distance], [1.0], best=-width)[0])


def _level_score(name: str, distance: float, _: float) -> float:
    return float(ACQUISITIONS[name].score([distance], [1.0])[0])


def _plain_cases(z: float) -> list[tuple[float, float]]:
    return [(z, 0.0)]


def _level_cases(z: float) -> list[tuple[float, float]]:
    return [(z, ALPHA)]


def _target_cases(z: float) -> list[tuple[float, float]]:
    return [(width - z, width) for width in WIDTHS if width >= z]


def _plain(name: str, z: float, _: float) -> mpmath.mpf:
    weight = _weight(name, lambda x: x)
    return _logarithm_if(name, _integral(weight, z, 0.0, max(z, 0.0) + 40))


def _folded(name: str, distance: float, width: float) -> mpmath.mpf:
    weight = _weight(name, lambda x: width - abs(x))
    return _logarithm_if(name, _integral(weight, distance, -width, width))


def _level(_: str, distance: float, alpha: float) -> mpmath.mpf:
    return _integral(lambda x: alpha - abs(x), distance, -alpha, alpha)


def _weight(name: str, gain: Callable[[mpmath.mpf], mpmath.mpf]) -> Callable[[mpmath.mpf], mpmath.mpf]:
    return (lambda x: mpmath.mpf(1)) if name == "pi" else gain


def _logarithm_if(name: str, value: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log(value) if name == "log_ei" else value


def _integral(
    weight: Callable[[mpmath.mpf], mpmath.mpf], centre: float, low: float, high: float
) -> mpmath.mpf:
    """Integrate weight(x) times the normal density around the centre over low < x < high.

    The density is taken relative to its highest value there, in pieces on the scale of its decay; 0, where
    the weight may have a kink, is an end of a piece.
    """
    m = mpmath.mpf(centre)
    nearest = min(max(m, mpmath.mpf(low)), mpmath.mpf(high))
    scale = 1 / max(abs(m - nearest), mpmath.mpf(1))
    cuts = [nearest + sign * scale * k for sign in (-1, 1) for k in (0, 1, 3, 7, 15, 30, 60, 120, 250)]
    cuts.append(mpmath.mpf(0))
    ends = sorted({mpmath.mpf(low), mpmath.mpf(high), *(cut for cut in cuts if low < cut < high)})
    top = -((m - nearest) ** 2) / 2
    inside = mpmath.quad(lambda x: weight(x) * mpmath.exp(-((x - m) ** 2) / 2 - top), ends)
    return mpmath.exp(top) / mpmath.sqrt(2 * mpmath.pi) * inside


def _draw_rows(n_draws: int, seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    draws = MEAN + STD * rng.standard_normal((N_BATCHES, n_draws, len(MEAN)))
    chosen = CHOSEN_MEAN + CHOSEN_STD * rng.standard_normal((N_BATCHES, n_draws, 1))
    measured = np.full((n_draws, 1), BEST)
    improvement = expected_improvement(MEAN, STD, best=BEST)
    known = {"best": BEST, "observed": measured, "noise_variance": NOISE}
    information = 0.5 * np.log1p(STD**2 / NOISE)
    return [
        _draw_row("thompson", "mean", MEAN, draws, known),
        _draw_row("mc_ei", "ei", improvement, draws, known),
        _draw_row("q_ei", "ei", improvement, draws, known),
        _draw_row("q_log_ei", "ei", improvement, draws, known),
        _draw_row("q_nei", "ei", improvement, draws, known),
        _draw_row("q_ucb", "ucb", upper_confidence_bound(MEAN, STD), draws, known),
        _draw_row("q_ei", "quadrature, one row chosen", _improvement_of_two(), draws, known, chosen),
        _draw_row("q_nei", "quadrature, one row chosen", _improvement_of_two(), draws, known, chosen),
        _draw_row("mes", "quadrature over the maximum", _entropy_search(), draws, known),
        _draw_row("bald", "log(1 + variance / noise) / 2", information, draws, known),
        _draw_row("kg", "quadrature over the outcome", _knowledge(), draws, known),
    ]


def _draw_row(
    name: str,
    reference: str,
    exact: FloatArray,
    draws: FloatArray,
    known: dict[str, Any],
    chosen: FloatArray | None = None,
) -> list[str]:
    """Return the row of one function of draws: its mean over batches, in standard errors of that mean."""
    rows = chosen if chosen is not None else np.empty((*draws.shape[:2], 0))
    score = ACQUISITIONS[name].score
    scores = np.array([score(part, chosen=other, **known) for part, other in zip(draws, rows, strict=True)])
    scores = np.exp(scores) if name == "q_log_ei" else scores
    error = scores.std(axis=0, ddof=1) / np.sqrt(len(scores))
    worst = float(np.max(np.abs(scores.mean(axis=0) - exact) / error))
    return _row(name, reference, f"{worst:.2f} standard errors", worst, DRAW_BAR)


def _improvement_of_two() -> FloatArray:
    """Return E max(max(u, c) - best, 0) of independent u and c: the integral of P(max > y) above the best."""
    y = np.linspace(BEST, BEST + 20, 200_001)[:, None]
    below = ndtr((y - MEAN) / STD) * ndtr((y - CHOSEN_MEAN) / CHOSEN_STD)
    return np.trapezoid(1 - below, y, axis=0)


def _entropy_search() -> FloatArray:
    """Return the mean over the maximum, at least the measured row, of the entropy lost."""
    y = np.linspace(BEST, BEST + 20, 200_001)
    below = ndtr((y[:, None] - MEAN) / STD).prod(axis=1)
    g = (y[:, None] - MEAN) / STD
    lost = 0.5 * g * np.exp(-0.5 * g**2) / np.sqrt(2 * np.pi) / ndtr(g) - np.log(ndtr(g))
    middle = 0.5 * (lost[1:] + lost[:-1])
    return lost[0] * below[0] + np.diff(below) @ middle


def _knowledge() -> FloatArray:
    """Return E max over candidates and the measured row of their means after one outcome at a candidate."""
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    gains = []
    for place, std in enumerate(STD):
        others = max(BEST, *np.delete(MEAN, place))
        highest = np.maximum(MEAN[place] + std**2 / np.hypot(std, np.sqrt(NOISE)) * z, others)
        gains.append(np.trapezoid(highest * density, z) - max(BEST, *MEAN))
    return np.array(gains)


if __name__ == "__main__":
    main()
