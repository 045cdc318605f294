"""Seconds of mean and std for a million rows: bnnopt against stochastic passes, the floor and a GP.

Run `python -m benchmarks.prediction` (`--short` for CI, on a tenth of the rows). The network is the paper's,
trained by bnnopt on 2,300 rows of a synthetic table (`benchmarks._tables`), both outcomes; what is timed is
the mean and standard deviation of the function at each row, in the outcomes' units.

- "bnnopt" is `predict(X, return_std=True, noise=False)` with 100 masks.
- "naive" is 100 passes of the same network in plain Keras, `network(rows, training=True)`, inside one
  `tf.function` that keeps a running mean and sum of squares, over batches of 4,096 rows.
- "bnnopt, fewer masks" is "bnnopt" with the number of masks at which its std has the Monte Carlo error of the
  std from 100 naive passes. That error is the root mean square, over 2,000 rows, both outcomes and
  independent draws of the masks, of the relative difference from the std with 4,000 masks.
- "floor" is what 100 masks need with TensorFlow, in blocks of 384 rows that run along the last axis as in
  bnnopt, and nothing else: the product and exponential of the first layer, once for all masks; those of the
  second layer, all masks in one product; the product with the last layer for the mean of each mask, and one
  for the variance that the last layer's mask adds, which is linear in the mean of the squared features; all
  blocks in one `tf.while_loop`. One number of each product of a block is kept, so that nothing can be left
  out. Not counted: biases, the negative branch of the activation, squares, means and variances over masks,
  scaling, checks and copies.
- "Gaussian process" is scikit-learn's (constant · anisotropic RBF + white noise) for the first outcome
  alone, with the kernel learned on 300 rows and the posterior of all 2,300; `predict(X, return_std=True)` is
  measured on fewer rows, in batches of 2,000, and its seconds are multiplied: it is linear in the rows.

Below the table: by how much the moments of naive passes, averaged over their draws, differ from those of
bnnopt with 4,000 masks, in standard errors, the largest over rows and outcomes. Of 4,000 equal moments the
largest is between 3 and 5.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks._paper_network import Scalers
from benchmarks._passes import N_MASKS, NaivePasses, monte_carlo_errors
from benchmarks._peers_regression import RBFProcessRegressor
from benchmarks._surrogates import fitted
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

N_LEARN, N_LEARN_KERNEL = 2300, 300
ROWS_PER_BLOCK = 384  # of the floor, as in bnnopt
ROWS_PER_PROCESS_BATCH = 2000
SHORT = {"rows": 100_000, "repeats": 2, "draws": 8, "process_rows": 4000}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print the table."""
    parser = timing_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to predict")
    parser.add_argument("--updates", type=int, default=1000, help="of the training")
    parser.add_argument("--draws", type=int, default=20, help="independent draws of the masks for the errors")
    parser.add_argument("--process-rows", type=int, default=20_000, help="rows of the Gaussian process")
    options = parse(parser, SHORT, arguments)
    table = synthetic_table(N_LEARN, 0)
    model = _fitted_paper(table, options.updates, N_MASKS)
    naive = NaivePasses(model.networks_, Scalers(*table))
    errors = monte_carlo_errors(model.networks_, naive, options.draws)
    fewer = _fitted_paper(table, options.updates, errors.n_masks)
    work = _network_work(model, fewer, naive, synthetic_table(options.rows, 1)[0])
    work["Gaussian process"] = _process_work(*table, options.process_rows)
    with loaded(options):
        times = take_turns(work, options.repeats, clock=options.clock)
    times = times.scaled("Gaussian process", options.rows / options.process_rows)
    print_ratios(f"{options.rows:,} rows", options, _rows(times, errors.n_masks))
    print("\n".join(errors.notes()))


def _network_work(model: Any, fewer: Any, naive: NaivePasses, X: FloatArray) -> dict[str, Callable[[], Any]]:
    return {
        "naive": lambda: naive.moments(X),
        "bnnopt": lambda: model.predict(X, return_std=True, noise=False),
        "bnnopt, fewer masks": lambda: fewer.predict(X, return_std=True, noise=False),
        "floor": _floor(model.networks_, X),
    }


def _process_work(X: FloatArray, y: FloatArray, n_rows: int) -> Callable[[], Any]:
    process = RBFProcessRegressor(N_LEARN_KERNEL, random_state=0).fit(X, y[:, 0])
    rows = synthetic_table(n_rows, 1)[0]
    batches = [rows[i : i + ROWS_PER_PROCESS_BATCH] for i in range(0, n_rows, ROWS_PER_PROCESS_BATCH)]
    return lambda: [process.predict(batch, return_std=True) for batch in batches]


def _rows(times: Times, n_masks: int) -> list[list[str]]:
    same_error = f"equal error of the std, {n_masks} masks"
    return [
        compare(f"{N_MASKS} masks", times, "naive", "bnnopt", at_least(5)),
        compare(same_error, times, "naive", "bnnopt, fewer masks", at_least(20)),
        compare(f"{N_MASKS} masks, against the floor", times, "bnnopt", "floor", at_most(2)),
        compare(f"{N_MASKS} masks", times, "Gaussian process", "bnnopt", at_least(40)),
    ]


def _fitted_paper(table: tuple[FloatArray, FloatArray], n_updates: int, n_masks: int) -> Any:
    """Train the network; its weights do not depend on the number of masks."""
    return fitted("mc_dropout_paper", *table, max_iter=n_updates, n_masks=n_masks, random_state=0)


def _floor(networks: Any, X: FloatArray) -> Callable[[], Any]:
    """Return the loop of bare products and exponentials; the module says what it counts."""
    import tensorflow as tf

    first, second, last = (tf.constant(0.1 * kernel[0].T) for kernel in networks.kernels)
    n_units = int(last.shape[1])
    second = tf.repeat(second, N_MASKS, axis=0)
    rows = X[: len(X) // ROWS_PER_BLOCK * ROWS_PER_BLOCK].astype(np.float32)
    blocks = tf.constant(np.swapaxes(rows.reshape(-1, ROWS_PER_BLOCK, X.shape[1]), 1, 2))

    def block(done: Any, kept: Any) -> Any:
        features = tf.exp(first @ blocks[done])
        by_mask = tf.exp(second @ features)
        means = last @ tf.reshape(by_mask, [n_units, -1])
        within = last @ features
        return done + 1, kept + means[0, 0] + within[0, 0]

    @tf.function(autograph=False)
    def all_blocks() -> Any:
        start = [tf.constant(0), tf.constant(0.0)]
        return tf.while_loop(lambda done, kept: done < len(blocks), block, start)

    return lambda: all_blocks()[1].numpy()


if __name__ == "__main__":
    main()
