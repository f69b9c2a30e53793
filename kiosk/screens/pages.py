"""Which class shows which place."""

from kiosk.flow import Place
from kiosk.screens.after import AfterPage
from kiosk.screens.away import AwayPage, RefusedPage
from kiosk.screens.breathing import BreathingPage, SoloPage
from kiosk.screens.check import CheckPage
from kiosk.screens.help import HelpPage
from kiosk.screens.home import HomePage
from kiosk.screens.how import HowPage
from kiosk.screens.page import Desk, Page
from kiosk.screens.pause import EndPage, PausedPage
from kiosk.screens.still import BaselinePage, RecoveryPage

PAGES: dict[Place, type[Page]] = {
    Place.HOME: HomePage,
    Place.HOW: HowPage,
    Place.HELP: HelpPage,
    Place.SOLO: SoloPage,
    Place.CHECK: CheckPage,
    Place.BASELINE: BaselinePage,
    Place.PACED: BreathingPage,
    Place.RECOVERY: RecoveryPage,
    Place.PAUSED: PausedPage,
    Place.END: EndPage,
    Place.AFTER: AfterPage,
    Place.AWAY: AwayPage,
    Place.REFUSED: RefusedPage,
}


def build(place: Place, desk: Desk) -> Page:
    """The page for a place."""
    return PAGES[place](desk)
