"""Settings of Sphinx; `python docs/build.py` calls it on the copy that it makes."""

import os
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import bnnopt

project, author = "bnnopt", "The bnnopt developers"
project_copyright = "The bnnopt developers"
release = version = bnnopt.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery_scripts", "**/README.txt"]
templates_path = ["_templates"]
nitpicky = False
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 5

autosummary_generate = True
autodoc_typehints = "none"
autodoc_inherit_docstrings = True
autodoc_default_options = {
    "members": True,
    # those of bnnopt's own bases too, and none of these
    "inherited-members": "BaseModel, BaseEstimator, MetaEstimatorMixin, RegressorMixin, BaseCrossValidator, "
    "_MetadataRequester, ReprHTMLMixin, _HTMLDocumentationLinkMixin, BaseException, tuple, object",
}
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": ["gallery_scripts"],
    "gallery_dirs": ["gallery"],
    "filename_pattern": r"/plot_",
    "show_memory": False,
    "write_computation_times": False,
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "ignore_repr_types": r"Display",  # their picture says more
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "bnnopt"
html_context = {"default_mode": "auto"}
html_static_path = ["_static"]
html_css_files = ["bnnopt.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}


def setup(app: Any) -> None:
    """Let docstrings be read as they are written: bars, stars and underscores in a sentence are no markup."""
    app.connect("autodoc-process-docstring", _as_written, priority=100)  # before numpydoc
    app.connect("autodoc-process-signature", _without_ellipsis)
    app.connect("doctree-resolved", _name_thumbnails)


def _name_thumbnails(app: Any, doctree: Any, page: str) -> None:
    """Give the small pictures of the gallery the title of what they show."""
    for image in doctree.findall(nodes.image):
        shown = re.search(r"sphx_glr_(\w+)_thumb", image["uri"])
        title = app.env.titles.get(f"gallery/{shown[1]}") if shown else None
        if title is not None:
            image["alt"] = f"First figure of: {title.astext()}"


def _without_ellipsis(
    app: Any, what: str, name: str, thing: Any, options: Any, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Show an argument that models need as one without a default: theirs stands for "missing"."""
    return signature and signature.replace("=Ellipsis", ""), returned


def _as_written(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    for place, line in enumerate(lines):
        if line.lstrip().startswith(">>>"):
            continue
        line = re.sub(r":(?:ref|term):`([^`<]*?)\s*(?:<[^`]*>)?`", r"\1", line)  # into pages of scikit-learn
        parts = re.split(r"(`+[^`]+`+)", line)
        parts[::2] = [_escaped(part) for part in parts[::2]]
        lines[place] = "".join(parts)


def _escaped(text: str) -> str:
    text = re.sub(r"(\w)__(?=\W|$)", r"\1\\_\\_", text.replace("|", r"\|"))
    text = re.sub(r"(?<=\s)\*+(?=[\s,])", lambda stars: stars.group().replace("*", r"\*"), text)
    return re.sub(r"(?<=[A-Za-z0-9])_(?=[,)\]])", r"\\_", text)
