"""How Sphinx builds the documentation: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import conformance  # noqa: E402  # beside this file
import interface_pages  # noqa: E402
import profile_table  # noqa: E402
import state_diagram  # noqa: E402

import txdicomtls  # noqa: E402

project = "txdicomtls"
author = "The txdicomtls developers"
project_copyright = f"2026, {author}"
version = release = txdicomtls.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "_generated"]
templates_path: list[str] = []
html_static_path = ["_static"]
html_css_files = ["state-table.css"]
html_theme = "alabaster"
html_theme_options = {
    "description": txdicomtls.__doc__.splitlines()[0] if txdicomtls.__doc__ else "",
    "fixed_sidebar": True,
    "page_width": "1180px",
}

myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

# Every reference to something of ours must lead somewhere; those to other libraries are not
# looked up, because a build needs no network.
nitpick_ignore_regex = [
    ("py:.*", r"(?!txdicomtls\b).*"),
    ("py:.*", r"txdicomtls\..*\.T"),  # type variables
]
nitpick_ignore = [("py:class", "txdicomtls.node.fields.Section")]  # a base without a page

conformance.write(HERE / "_generated")
profile_table.write(HERE / "_generated")
state_diagram.write(HERE / "_generated")
interface_pages.write(HERE / "_generated", "txdicomtls.interfaces")
interface_pages.write(HERE / "_generated", "txdicomtls.access.interfaces", "access_interfaces")
