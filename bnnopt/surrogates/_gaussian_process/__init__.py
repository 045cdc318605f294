"""Gaussian processes of several kernels whose hyperparameters are anchored maxima of the marginal likelihood.

A Gaussian process is the limit of an infinitely wide network with dropout (`_kernels` says of which). The
notation, here and in docs/method.md:

==========================  =================================================================================
X, y                        inputs (n_rows, n_inputs), laid on [0, 1] by an input map, and outputs with mean
                            0 and variance 1
k(x, x')                    kernel: correlation of the function at two inputs
length scale, l             distance in one input over which the function changes, in ranges of the input
signal variance, s²         variance of the function (the square of its amplitude)
offset variance, c²         variance of a constant that is added to the function
noise variance, t²          variance of one measurement around the function
hyperparameters             logarithms of all length scales, s², c² and t² (`_hyperparameters`)
K                           covariance of the rows: s² k(x, x') + c²
N                           noise of the rows on a diagonal: t² plus what was given, over the row's weight
marginal likelihood         density of y under Normal(0, K + N) (`_exact`)
anchor                      draw from the prior of the hyperparameters that a member is pulled to
member                      one Gaussian process: kernel, input map, hyperparameters, posterior (`_process`)
inducing points, Z          inputs through which a sparse posterior speaks (`_sparse`)
C                           covariance of the rows with the inducing points
==========================  =================================================================================

Equations are numbered as in C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning",
MIT Press 2006 (R&W).
"""

from bnnopt.surrogates._gaussian_process._ensemble import FAMILIES
from bnnopt.surrogates._gaussian_process._posterior import EnsemblePosterior, learn_output

__all__ = ["FAMILIES", "EnsemblePosterior", "learn_output"]
