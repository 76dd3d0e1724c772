"""The page: Gradio's sidebar, tabs and theme around empty elements, which the scripts in ``static`` fill.

No data passes through Gradio: the values of its components would run a script in a text.
"""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read at import

import gradio as gr
from gradio.themes import Base

from auditor.compat import poll_seldom

from .files import address

TABS = ("Queue", "Table", "Groups", "Map", "Confusions", "Progress", "Export")
WORDS = (*TABS, "Filters", "Log out")
"""Words on the page that the scripts do not put there."""
STYLES = ("style.css", "guidelines.css", "pages.css", "export.css")

_COLOURS = {
    "body_background_fill": "paper",
    "body_text_color": "ink",
    "body_text_color_subdued": "muted",
    "background_fill_primary": "paper",
    "background_fill_secondary": "faint",
    "block_background_fill": "paper",
    "border_color_primary": "line",
    "border_color_accent": "accent",
    "color_accent": "accent",
    "color_accent_soft": "faint",
    "link_text_color": "accent",
    "loader_color": "accent",
}
"""Gradio's colours as variables of ``static/style.css``, which has light and dark values."""

_POLL_INTERVAL = 0.2
"""Seconds between two polls of Gradio's queue, which we do not use. Gradio's own 0.001, which no option changes, costs
an idle server a tenth of a processor."""

_HEADER = """
<header class="auditor-header">
  <h1 class="auditor-title">auditor</h1>
  <span class="auditor-reviewer"></span>
  <span class="auditor-language"></span>
  {logout}
</header>
"""
_LOGOUT = '<form method="post" action="logout"><button type="submit" class="auditor-logout">Log out</button></form>'


def make_page(run: str, *, login: bool) -> gr.Blocks:
    """Lay out the page of the run with this name; with ``login``, it has a button to log out."""
    page = gr.Blocks(title=f"auditor · {run}", analytics_enabled=False)
    with page:
        with gr.Sidebar(label="Filters", width=340):
            _mount("filters")
        gr.HTML(html_template=_HEADER.format(logout=_LOGOUT * login), js_on_load=None, apply_default_css=False)
        with gr.Tabs():
            for tab in TABS:
                with gr.Tab(tab, id=tab.lower()):
                    _mount(tab.lower())
    poll_seldom(page, _POLL_INTERVAL)
    return page


def theme() -> Base:
    """Return Gradio's plainest theme in our colours, with fonts of the reader's system: none is fetched."""
    plain = Base(font=("system-ui", "sans-serif"), font_mono=("ui-monospace", "monospace"))
    names = {f"{colour}{dark}": name for colour, name in _COLOURS.items() for dark in ("", "_dark")}
    return plain.set(**{colour: f"var(--{name})" for colour, name in names.items() if hasattr(plain, colour)})


def _mount(name: str) -> None:
    """Make an empty element and pass it to ``mount`` of ``static/app.js`` once it exists."""
    gr.HTML(
        html_template=f'<div class="auditor-page" data-page="{name}"></div>',
        js_on_load=f"""
            import(new URL("{address("app.js")}", document.baseURI).href)
                .then((app) => app.mount("{name}", element.querySelector(".auditor-page")));
        """,
        apply_default_css=False,
    )
