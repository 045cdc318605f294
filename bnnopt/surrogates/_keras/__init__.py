"""The only room that knows TensorFlow, Keras and scikeras; everything that leaves it is a NumPy array."""

from bnnopt.surrogates._keras._posterior import propagate, propagate_moments
from bnnopt.surrogates._keras._training import train_networks

__all__ = ["propagate", "propagate_moments", "train_networks"]
