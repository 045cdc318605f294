"""An optimizer at a glance, as text and as HTML for notebooks."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bnnopt.acquisition import Acquisition
from bnnopt.objectives import Objective, in_words
from bnnopt.space import SearchSpace

__all__ = ["as_html", "as_text"]

MOST_NAMES = 8


def as_text(
    space: SearchSpace,
    objectives: Sequence[Objective],
    surrogate: Any,
    acquisition: Acquisition,
    counts: Mapping[str, int],
) -> str:
    """Return a few lines: what is wanted of which settings, by what, and how many rows there are."""
    parts = _parts(space, objectives, surrogate, acquisition, counts)
    return "\n".join(["BayesianOptimizer", *(f"  {name}: {said}" for name, said in parts.items())])


def as_html(
    space: SearchSpace,
    objectives: Sequence[Objective],
    surrogate: Any,
    acquisition: Acquisition,
    counts: Mapping[str, int],
) -> str:
    """Return the same as a table."""
    parts = _parts(space, objectives, surrogate, acquisition, counts)
    rows = "".join(f"<tr><th>{name}</th><td>{escape(said)}</td></tr>" for name, said in parts.items())
    return f"<p><b>BayesianOptimizer</b></p><table>{rows}</table>"


def _parts(
    space: SearchSpace,
    objectives: Sequence[Objective],
    surrogate: Any,
    acquisition: Acquisition,
    counts: Mapping[str, int],
) -> dict[str, str]:
    return {
        "objectives": "; ".join(map(in_words, objectives)),
        "settings": _names(space.setting_names),
        **({"context": _names(space.context_names)} if space.context_names else {}),
        **({"constraints": str(len(space.constraints))} if space.constraints else {}),
        "surrogate": type(surrogate).__name__,
        "acquisition": acquisition.name,
        "rows": ", ".join(f"{n} {name.removeprefix('n_')}" for name, n in counts.items()),
    }


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{len(names)} ({', '.join(names[:MOST_NAMES])}{more})"
