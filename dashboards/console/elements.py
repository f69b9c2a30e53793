"""The few kinds of HTML element that the page is made of, each of which sends to the browser only what changed.

NiceGUI keeps the tree; the look is all in `console.css`. Plain elements (button, input) keep their keyboard behaviour.
"""

from collections.abc import Callable

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

Press = Callable[[], object]
ONCE = "(e) => { if (e.detail < 2) emit() }"


def box(classes: str = "", tag: str = "div", **attributes: str) -> ui.element:
    """An element that holds others."""
    element = ui.element(tag).classes(classes)
    for name, value in attributes.items():
        element.props[name.replace("_", "-").strip("-")] = value
    return element


def words(classes: str = "", text: str = "", tag: str = "div", **attributes: str) -> TextElement:
    """An element with text."""
    element = TextElement(tag=tag, text=text)
    element.classes(classes)
    for name, value in attributes.items():
        element.props[name.replace("_", "-").strip("-")] = value
    return element


def button(text: str, press: Press, classes: str = "", *, quick: bool = False, **attributes: str) -> TextElement:
    """A button of the page's own kind.

    Args:
        text: what it says.
        press: what it does.
        classes: its look.
        quick: may be clicked again and again; otherwise the second click of a double click does nothing more.
        **attributes: of the element.
    """
    element = words(f"button {classes}", text, "button", type="button", **attributes)
    element.on("click", lambda _: press(), js_handler="() => emit()" if quick else ONCE)
    return element


def drawn(paths: str, classes: str = "icon") -> ui.html:
    """An icon of lines of one weight on a 24 × 24 grid; decoration, so screen readers pass over it."""
    return ui.html(
        f'<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">{paths}</svg>', sanitize=False
    ).classes(classes)


def put(element: ui.element, name: str, value: str | None) -> None:
    """Set an attribute, or take it away with None."""
    if element.props.get(name) != value:
        element.props.set_optional(name, value)


def enable(element: ui.element, on: bool) -> None:
    """Whether a button can be pressed."""
    if bool(element.props.get("disabled")) == on:
        element.props.set_bool("disabled", not on)


def show(element: ui.element, on: bool) -> None:
    """Whether an element is there to be seen."""
    mark(element, "gone", not on)


def mark(element: ui.element, name: str, on: bool) -> None:
    """Whether an element carries a class."""
    if (name in element.classes) != on:
        element.classes(add=name) if on else element.classes(remove=name)


def fill(element: ui.element, share: float) -> None:
    """How full a bar is, 0-1, in whole percents."""
    value = f"{round(100 * min(1.0, max(0.0, share)))}%"
    if element.style.get("--full") != value:
        element.style["--full"] = value
