"""The region that no point dominates, parted into boxes: what a further point adds is a sum over them."""

from typing import TypeAlias

import numpy as np

from bnnopt._pareto import non_dominated
from bnnopt._typing import FloatArray

__all__ = ["Boxes", "added_volumes", "carved", "free_boxes"]

Boxes: TypeAlias = tuple[FloatArray, FloatArray]
"""Lower and upper corners of disjoint boxes, each of shape (n_boxes, m)."""

MOST_NUMBERS = 2**21  # of one array in `added_volumes`


def free_boxes(points: FloatArray, reference: FloatArray) -> Boxes:
    """Part into disjoint boxes what lies above the reference, shape (m,), and no point of (k, m) dominates.

    For two objectives they are strips, one more than there are points in the front, from the largest first
    objective to the smallest; for more, `carved` makes them.
    """
    above = points[(points > reference).all(axis=1)]
    if points.shape[1] == 2:
        return _strips(above, reference)
    everything = reference[None, :], np.full((1, len(reference)), np.inf)
    front = above[non_dominated(above)]
    volume = np.prod(front - reference, axis=1)
    return carved(everything, front[np.argsort(-volume, kind="stable")])


def carved(boxes: Boxes, points: FloatArray) -> Boxes:
    """Take what points of shape (k, m) dominate out of boxes that no earlier point dominates.

    A box from l to u that a point p cuts (l < p) is replaced by at most m boxes; in the j-th of them the
    j-th objective is above p, those before it are not, and those after it are free.
    """
    for point in points:
        is_cut = (boxes[0] < point).all(axis=1)
        if is_cut.any():
            pieces = _pieces(boxes[0][is_cut], boxes[1][is_cut], point)
            kept = boxes[0][~is_cut], boxes[1][~is_cut]
            boxes = np.concatenate([kept[0], pieces[0]]), np.concatenate([kept[1], pieces[1]])
    return boxes


def added_volumes(points: FloatArray, boxes: Boxes) -> FloatArray:
    """Return the volume that each point of shape (n, m), on its own, dominates of the boxes; shape (n,).

    Sum over boxes of the product over j of max(min(y_j, u_j) - l_j, 0): exactly 0 for dominated points.
    """
    n_rows = max(1, MOST_NUMBERS // len(boxes[0]))
    blocks = [points[start : start + n_rows] for start in range(0, len(points), n_rows)]
    return np.concatenate([np.zeros(0), *(_volumes(block, *boxes) for block in blocks)])


def _strips(points: FloatArray, reference: FloatArray) -> Boxes:
    """Part the plane in strips along the second objective, between neighbours of the front."""
    first, second = points[np.lexsort((-points[:, 1], -points[:, 0]))].T
    highest = np.maximum.accumulate(np.concatenate([reference[1:], second]))
    is_front = second > highest[:-1]
    first, second = first[is_front], second[is_front]
    lower = np.concatenate([first, reference[:1]]), np.concatenate([reference[1:], second])
    upper = np.concatenate([[np.inf], first]), np.full(len(first) + 1, np.inf)
    return np.column_stack(lower), np.column_stack(upper)


def _pieces(lower: FloatArray, upper: FloatArray, point: FloatArray) -> Boxes:
    parts = []
    for j in range(len(point)):
        low, high = lower.copy(), upper.copy()
        low[:, j] = point[j]
        high[:, :j] = np.minimum(upper[:, :j], point[:j])
        is_there = low[:, j] < high[:, j]
        parts.append((low[is_there], high[is_there]))
    return np.concatenate([low for low, _ in parts]), np.concatenate([high for _, high in parts])


def _volumes(points: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    product = np.ones((len(points), len(lower)))
    for j in range(points.shape[1]):
        product *= np.maximum(np.minimum(points[:, j, None], upper[:, j]) - lower[:, j], 0)
    return product.sum(axis=1)
