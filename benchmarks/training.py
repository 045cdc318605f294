"""Seconds of training: the paper's network against Keras and the machine's floor, the default against a GP.

Run `python -m benchmarks.training` (`--short` for CI). The table is synthetic, 2,300 rows, nine inputs, two
outcomes (`benchmarks._tables`). The first rows of the output train the paper's network (2 × 20 elu, 10 %
dropout, L2, Adam with a step size that falls along half a cosine, full batch) for the same number of epochs,
in turns:

- "Keras fit" is `fit` of the same network in plain Keras, with the same loss, compiled without XLA, on arrays
  and with `batch_size=len(X)`.
- "Keras fit, many steps" is the same with `steps_per_execution=200` (all epochs if they are fewer), on a
  tf.data set that repeats the full batch.
- "bnnopt" is `fit` of the surrogate `mc_dropout_paper`, with all that belongs to it: checks, scaling,
  training and the estimate of the noise, which passes the rows through the trained network.
- "floor" is what any training with TensorFlow must do for each epoch, and nothing else: the eight matrix
  products of forward and backward pass (three forward, three for the gradients of the kernels, two for those
  of the hidden layers; none for those of the inputs) and one exponential for each row and hidden unit, all in
  one `tf.while_loop`. Rows are the last axis, which is the faster one for products this thin. The gradients
  go into the next epoch's kernels, so that nothing can be left out or taken out of the loop. Not counted:
  biases, derivatives of the activations, random numbers, products with masks, loss, penalty and optimizer.
- "8 networks" is "bnnopt" with `n_networks=8`.

The first call of each is a warm-up: it builds, traces and compiles, and is printed below the table. In all
later calls graphs are there already, also those of bnnopt, whose estimator is made anew.

The last row fits the first outcome with a surrogate by its key, `auto` by default, and with scikit-learn's
Gaussian process (constant · anisotropic RBF + white noise, `normalize_y`, one start), and prints the mean log
density of 2,000 other rows under the predicted normal distributions, larger is better, and the standard
error of the difference, row by row.
"""

import argparse
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from benchmarks._paper_network import ALPHA, UNITS, Scalers, paper_network
from benchmarks._surrogates import DEFAULT, fitted
from benchmarks._tables import synthetic_table
from benchmarks._timing import (
    Times,
    at_least,
    at_most,
    compare,
    loaded,
    parse,
    print_ratios,
    take_turns,
    timing_parser,
)
from bnnopt._typing import FloatArray

N_ROWS, N_HELD_OUT = 2300, 2000
STEPS_PER_EXECUTION = 200
SHORT = {"epochs": 100, "repeats": 2, "process_rows": 400}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = timing_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=400, help="of the paper's network")
    parser.add_argument("--process-rows", type=int, default=N_ROWS, help="of the Gaussian process; 0: none")
    parser.add_argument("--process-repeats", type=int, default=1, help="fits of the Gaussian process")
    parser.add_argument("--surrogate", default=DEFAULT, help="against the Gaussian process")
    options = parse(parser, SHORT, arguments)
    with loaded(options):
        work = _paper_work(*synthetic_table(N_ROWS, 0), options.epochs)
        times = take_turns(work, options.repeats, clock=options.clock)
        rows, notes = _paper_rows(times), _paper_notes(times)
        if options.process_rows:
            row, note = _against_process(options)
            rows.append(row)
            notes.append(note)
    print_ratios(f"{N_ROWS} rows, {options.epochs} epochs", options, rows)
    print("\n".join(notes))


def _paper_work(X: FloatArray, y: FloatArray, n_epochs: int) -> dict[str, Callable[[], Any]]:
    scalers = Scalers(X, y)
    rows, targets = scalers.inputs(X), scalers.outputs(y)
    return {
        "Keras fit": _keras_fit(rows, targets, n_epochs),
        "Keras fit, many steps": _keras_fit_of_many_steps(rows, targets, n_epochs),
        "bnnopt": lambda: _fit_paper(X, y, n_epochs, n_networks=1),
        "8 networks": lambda: _fit_paper(X, y, n_epochs, n_networks=8),
        "floor": _floor(rows, y.shape[1], n_epochs),
    }


def _paper_rows(times: Times) -> list[list[str]]:
    return [
        compare("the paper's network", times, "Keras fit", "bnnopt", at_least(50)),
        compare("the same, steps_per_execution", times, "Keras fit, many steps", "bnnopt", at_least(2.5)),
        compare("the same, against the floor", times, "bnnopt", "floor", at_most(3)),
        compare("8 networks side by side", times, "8 networks", "bnnopt", at_most(5)),
    ]


def _paper_notes(times: Times) -> list[str]:
    """Say how long first calls took, and that the networks that Keras and bnnopt train are alike."""
    first = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in times.first.items())
    losses = {
        "Keras fit": times.results["Keras fit"],
        "Keras fit, many steps": times.results["Keras fit, many steps"],
        "bnnopt": times.results["bnnopt"].loss_,
    }
    last = ", ".join(f"{name} {loss:.3g}" for name, loss in losses.items())
    return [f"- first calls: {first}", f"- loss at the end of the first training: {last}"]


def _fit_paper(X: FloatArray, y: FloatArray, n_epochs: int, n_networks: int) -> Any:
    return fitted("mc_dropout_paper", X, y, max_iter=n_epochs, n_networks=n_networks, random_state=0)


def _compiled(rows: FloatArray, targets: FloatArray, n_epochs: int, steps_per_execution: int) -> Any:
    import keras

    def squared_error(y: Any, predicted: Any) -> Any:
        return keras.ops.sum(keras.ops.square(y - predicted), axis=-1)

    keras.utils.set_random_seed(0)
    network = paper_network(rows.shape[1], targets.shape[1], ALPHA / len(rows))
    step_size = keras.optimizers.schedules.CosineDecay(0.001, n_epochs, alpha=0.02)
    network.compile(
        keras.optimizers.Adam(step_size),
        squared_error,
        steps_per_execution=steps_per_execution,
        jit_compile=False,
    )
    return network


def _keras_fit(rows: FloatArray, targets: FloatArray, n_epochs: int) -> Callable[[], float]:
    """Return what trains further and gives the last loss of the first call."""
    network = _compiled(rows, targets, n_epochs, 1)
    losses: list[float] = []

    def fit() -> float:
        history = network.fit(rows, targets, batch_size=len(rows), epochs=n_epochs, verbose=0)
        losses.append(history.history["loss"][-1])
        return losses[0]

    return fit


def _keras_fit_of_many_steps(rows: FloatArray, targets: FloatArray, n_epochs: int) -> Callable[[], float]:
    """Return what trains further and gives the last loss of the first call, a mean over its steps."""
    import tensorflow as tf

    n_steps = min(STEPS_PER_EXECUTION, n_epochs)
    network = _compiled(rows, targets, n_epochs, n_steps)
    batches = tf.data.Dataset.from_tensors((rows, targets)).repeat()
    losses: list[float] = []

    def fit() -> float:
        history = network.fit(
            batches, steps_per_epoch=n_steps, epochs=n_epochs // n_steps, shuffle=False, verbose=0
        )
        losses.append(history.history["loss"][-1])
        return losses[0]

    return fit


def _floor(rows: FloatArray, n_outputs: int, n_epochs: int) -> Callable[[], Any]:
    """Return the loop of bare products and exponentials; the module says what it counts."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    sizes = [rows.shape[1], *UNITS, n_outputs]
    start = [tf.constant(rng.normal(0, 0.05, shape), tf.float32) for shape in pairwise(sizes)]
    inputs, columns = tf.constant(rows), tf.constant(rows.T.copy())

    def epoch(done: Any, *kernels: Any) -> Any:
        first = tf.exp(tf.matmul(kernels[0], columns, transpose_a=True))
        second = tf.exp(tf.matmul(kernels[1], first, transpose_a=True))
        outputs = tf.matmul(kernels[2], second, transpose_a=True)
        to_second = kernels[2] @ outputs
        to_first = kernels[1] @ to_second
        gradients = [
            tf.transpose(to_first @ inputs),
            tf.matmul(first, to_second, transpose_b=True),
            second @ tf.transpose(outputs),
        ]
        return done + 1, *[k + 1e-9 * g for k, g in zip(start, gradients, strict=True)]

    @tf.function(autograph=False)
    def epochs() -> Any:
        return tf.while_loop(lambda done, *kernels: done < n_epochs, epoch, [tf.constant(0), *start])

    return lambda: [tensor.numpy() for tensor in epochs()]


def _against_process(options: argparse.Namespace) -> tuple[list[str], str]:
    """Fit a surrogate and the Gaussian process to one outcome; return the row and what they predict."""
    n_rows, ours = options.process_rows, options.surrogate
    X, y = synthetic_table(n_rows, 0)
    work = {
        "Gaussian process": lambda: _fit_process(X, y[:, 0]),
        ours: lambda: fitted(ours, X, y[:, 0], random_state=0),
    }
    first = take_turns({ours: work[ours]}, 1, is_warmed_up=False)
    times = take_turns(work, options.process_repeats, clock=options.clock, is_warmed_up=False)
    held_out = synthetic_table(N_HELD_OUT, 1)
    densities = {name: _log_densities(model, *held_out) for name, model in times.results.items()}
    gain = densities[ours] - densities["Gaussian process"]
    verdict = f"difference {gain.mean():.4f}, standard error {gain.std() / np.sqrt(len(gain)):.4f}"
    what = f"default fit, {n_rows} rows, one outcome"
    row = compare(what, times, "Gaussian process", ours, at_least(20))
    said = ", ".join(f"{name} {density.mean():.4f}" for name, density in densities.items())
    took = f"first call of {ours} {first.median(ours):.3g} s"
    return row, f"- held-out log density: {said} ({verdict}); {took}"


def _fit_process(X: FloatArray, y: FloatArray) -> GaussianProcessRegressor:
    kernel = ConstantKernel() * RBF(np.ones(X.shape[1]), (1e-2, 1e3)) + WhiteKernel(1e-1, (1e-6, 1e1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(X, y)


def _log_densities(model: Any, X: FloatArray, y: FloatArray) -> FloatArray:
    mean, std = model.predict(X, return_std=True)
    return np.asarray(norm.logpdf(y[:, 0], mean, std))


if __name__ == "__main__":
    main()
