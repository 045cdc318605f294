"""Wide thinned networks: hidden layer integrated out, scales by evidence, last layer in closed form."""

from bnnopt.surrogates._wide._family import ROWS_TO_JUDGE, OneOutput, WideFamily, fit_families
from bnnopt.surrogates._wide._network import WideNetwork

__all__ = ["ROWS_TO_JUDGE", "OneOutput", "WideFamily", "WideNetwork", "fit_families"]
