"""Formulas as MathML, which browsers show by themselves: no script, and no network."""

from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml

__all__ = ["setup"]


def setup(app: Any) -> dict[str, Any]:
    """Register the writer of formulas under the name "mathml"."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(f'<span class="math">{tex2mathml(_known(node), as_block=False)}</span>')
    raise SkipNode


def _block(writer: Any, node: Any) -> None:
    text = _known(node)
    text = rf"\begin{{align}}{text}\end{{align}}" if r"\\" in text and r"\begin" not in text else text
    writer.body.append(f'<div class="math">{tex2mathml(text, as_block=True)}</div>')
    raise SkipNode


def _known(node: Any) -> str:
    """Return a formula in the commands that docutils knows."""
    return str(node.astext()).replace(r"\dots", r"\ldots")
