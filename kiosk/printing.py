"""The slip goes to a printer of this machine (CUPS): a PDF on the standard input of `lp`, and on no disk of ours."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Coroutine
from typing import Any

from kiosk.fonts import Faces
from kiosk.slip import slip_pdf

PATIENCE_S = 20.0

Printer = Callable[[tuple[str, ...]], Coroutine[Any, Any, bool]]
"""Prints these lines; whether the printing system took them."""

log = logging.getLogger(__name__)


def printer_of(name: str, faces: Faces) -> Printer | None:
    """How to print a slip; None where no printer is named or `lp` is missing."""
    lp = shutil.which("lp")
    if not name:
        return None
    if lp is None:
        log.warning("kiosk.printer: %s: lp is missing; install cups-client", name)
        return None

    async def print_slip(lines: tuple[str, ...]) -> bool:
        pdf = await asyncio.to_thread(slip_pdf, list(lines), faces)
        process = await asyncio.create_subprocess_exec(
            lp,
            "-d",
            name,
            "-t",
            "xinyi",
            "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, said = await process.communicate(pdf)
        except TimeoutError:
            process.kill()
            log.warning("the printer %s does not answer", name)
            return False
        if process.returncode:
            log.warning("the printer %s refuses: %s", name, said.decode(errors="replace").strip())
        return not process.returncode

    return print_slip
