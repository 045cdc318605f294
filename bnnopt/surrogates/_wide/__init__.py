"""Wide thinned networks: hidden layer integrated out, scales by evidence, last layer in closed form."""

from bnnopt.surrogates._wide._family import ROWS_TO_JUDGE, WideFamily, fit_families
from bnnopt.surrogates._wide._network import WideNetwork
from bnnopt.surrogates._wide._rows import OneOutput, StreamedRows

__all__ = [
    "ROWS_TO_JUDGE",
    "OneOutput",
    "StreamedRows",
    "WideFamily",
    "WideNetwork",
    "fit_families",
]
