"""What a fitted model says: effects of settings at a recipe, trade-offs, what two settings allow."""

from bnnopt.inspection._attainable import REDUCTIONS, AttainableMap, attainable_map
from bnnopt.inspection._direction import ImprovingDirection, improving_direction
from bnnopt.inspection._intervals import Interval
from bnnopt.inspection._local_effects import Compensation, LocalEffects, local_effects
from bnnopt.inspection._ranges import cells_along, values_along
from bnnopt.inspection._replicates import ReplicateSpread, replicate_spread
from bnnopt.inspection._table_model import TableModel
from bnnopt.inspection._trade_off import TradeOff, trade_off

__all__ = [
    "REDUCTIONS",
    "AttainableMap",
    "Compensation",
    "ImprovingDirection",
    "Interval",
    "LocalEffects",
    "ReplicateSpread",
    "TableModel",
    "TradeOff",
    "attainable_map",
    "cells_along",
    "improving_direction",
    "local_effects",
    "replicate_spread",
    "trade_off",
    "values_along",
]
