"""What every page of the console wears: style sheet, script, fonts, icon. Tokens are those of the house's look.

The script does what must not wait for the server: the stop, the keys, and noticing that the console itself is away.
"""

import json
from functools import cache
from importlib.resources import files

from nicegui import ui

from dashboards.console.fonts import full_face, page_face
from dashboards.console.words import Texts

INK, SOFT, HAIR = "#22312F", "#5A6B68", "#E4E8E3"
GREEN, DEEP, MIST = "#2F6F66", "#16302D", "#E3EFEA"
CLAY, CLAY_TEXT, SAND = "#C8795A", "#9A4E31", "#D9A06B"
BREATH = "#4B8A7E"
PLUM = "#7565A8"
FAMILY = "Xinyi Page, Xinyi Full, sans-serif"

RINGS = '<circle cx="12" cy="12" r="10"/><circle cx="12" cy="12" r="6.4"/><circle cx="12" cy="12" r="2.8"/>'
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="6" fill="#16302D"/>'
    '<g fill="none" stroke="#CFE8E0" stroke-width="1.6"><circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="5"/>'
    '<circle cx="12" cy="12" r="2"/></g></svg>'
)


@cache
def _file(name: str) -> str:
    return files("dashboards.console").joinpath(name).read_text("utf-8")


def dress(texts: Texts) -> None:
    """Add the look and the script to the page that is being built."""
    faces = "".join(
        f"@font-face{{font-family:'{family}';src:url('/fonts/{face.name}');font-weight:100 900;font-display:swap}}"
        for family, face in (("Xinyi Page", page_face()), ("Xinyi Full", full_face()))
    )
    said = json.dumps({"unreached": texts("stop.unreached")}, ensure_ascii=False)
    ui.add_head_html(
        f'<link rel="preload" href="/fonts/{page_face().name}" as="font" type="font/woff" crossorigin>'
        f"<style>{faces}{_file('console.css')}</style>"
        f"<script>document.documentElement.lang={json.dumps(texts('page.html'))};"
        f"document.title={json.dumps(texts('page.title'))};window.xinyiWords={said};</script>"
    )
    ui.add_body_html(f"<script>{_file('console.js')}</script>")
