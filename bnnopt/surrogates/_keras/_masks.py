"""Dropout masks for a chunk of updates: windows on one pool of random numbers.

A new mask for every row, unit and update takes more time than the products of a small network if each is
drawn. So a pool is drawn once for a chunk, and the mask of a layer in an update is as long a part of it as
there are units and rows, from a random place on: within an update all units and rows are independent. Two
updates have the same mask with a chance of 1 in `N_PLACES`; otherwise what one row had comes back at another.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from bnnopt.surrogates._networks import UPDATES_PER_CHUNK

__all__ = ["MaskPool"]

N_PLACES = 2**14
STRIDE = 16  # numbers between two places: TensorFlow need not copy windows that begin and end at such places


class MaskPool:
    """Masks of each hidden layer for a chunk of updates.

    They hang on the seed and the number of updates before the chunk only (counter-based Philox numbers,
    Salmon et al. 2011): the same in any process, whatever else draws random numbers.

    Parameters
    ----------
    dropout : float in [0, 1)
        Probability that a hidden unit is left out, anew for each row; 0 makes no masks.
    shapes : sequence of tuple
        (n_networks, n_units, n_rows) of each hidden layer; the rows may be a scalar tensor.
    seed, n_before : scalar tensors
        Choose the masks.
    """

    def __init__(self, dropout: float, shapes: Sequence[tuple[Any, ...]], seed: Any, n_before: Any) -> None:
        self._shapes = shapes if dropout > 0.0 else []
        self._sizes = [tf.reduce_prod(shape) for shape in self._shapes]
        if not self._shapes:
            return
        n_numbers = tf.reduce_max(self._sizes) + N_PLACES * STRIDE
        numbers = tf.random.stateless_uniform([n_numbers], tf.stack([seed, n_before]))
        self._pool = tf.cast(numbers >= dropout, tf.float32) / (1.0 - dropout)
        self._places = tf.random.stateless_uniform(
            [UPDATES_PER_CHUNK, len(shapes)], tf.stack([seed + 1, n_before]), 0, N_PLACES, tf.int32
        )

    def masks(self, done: Any) -> list[Any]:
        """Give the masks of an update, 0 or 1 / (1 - dropout), for each layer.

        Parameters
        ----------
        done : scalar tensor
            Updates that the chunk has made.
        """
        starts = tf.unstack(STRIDE * self._places[done]) if self._shapes else []
        return [
            tf.reshape(tf.slice(self._pool, [start], [size]), shape)
            for start, size, shape in zip(starts, self._sizes, self._shapes, strict=True)
        ]
