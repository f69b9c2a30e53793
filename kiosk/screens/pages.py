"""Which class shows which place."""

from kiosk.flow import Place
from kiosk.screens.after import AfterPage
from kiosk.screens.away import AwayPage, RefusedPage
from kiosk.screens.book import BookDayPage, BookedPage, BookPage, BookPartPage
from kiosk.screens.breathing import BreathingPage, SoloPage
from kiosk.screens.check import CheckPage
from kiosk.screens.choosing import IntroPage, TestsPage
from kiosk.screens.codes import CodePage, FilePage, NewCodePage, OpeningPage, PinPage, ServicePinPage
from kiosk.screens.consenting import ConsentPage, WhoPage
from kiosk.screens.exercise import ExercisePage, SoundPage
from kiosk.screens.hand_off import HandOffPage
from kiosk.screens.help import FamilyPage, HelpPage
from kiosk.screens.home import AccompaniedPage, HomePage
from kiosk.screens.how import HowPage
from kiosk.screens.page import Desk, Page
from kiosk.screens.pause import EndPage, PausedPage
from kiosk.screens.question import AskPage, StopPage
from kiosk.screens.read import PiecePage, ReadPage
from kiosk.screens.relax import RelaxPage
from kiosk.screens.result import ResultPage
from kiosk.screens.rhythm import RhythmHowPage, RhythmPage
from kiosk.screens.service import ServicePage
from kiosk.screens.still import BaselinePage, RecoveryPage
from kiosk.screens.take import TakePage
from kiosk.screens.trend import TrendPage
from kiosk.screens.waiting import StaffPage
from kiosk.screens.welcome import ByePage, PrivacyPage, WelcomePage

PAGES: dict[Place, type[Page]] = {
    Place.WELCOME: WelcomePage,
    Place.PRIVACY: PrivacyPage,
    Place.CONSENT: ConsentPage,
    Place.WHO: WhoPage,
    Place.FILE: FilePage,
    Place.NEW_CODE: NewCodePage,
    Place.NEW_PIN: PinPage,
    Place.PIN_AGAIN: PinPage,
    Place.CODE: CodePage,
    Place.PIN: PinPage,
    Place.OPENING: OpeningPage,
    Place.HOME: HomePage,
    Place.ACCOMPANIED: AccompaniedPage,
    Place.TESTS: TestsPage,
    Place.INTRO: IntroPage,
    Place.QUESTION: AskPage,
    Place.STOP: StopPage,
    Place.RESULT: ResultPage,
    Place.TAKE: TakePage,
    Place.TREND: TrendPage,
    Place.BYE: ByePage,
    Place.SERVICE_PIN: ServicePinPage,
    Place.SERVICE: ServicePage,
    Place.HAND_OFF: HandOffPage,
    Place.STAFF: StaffPage,
    Place.HELP: HelpPage,
    Place.FAMILY: FamilyPage,
    Place.RELAX: RelaxPage,
    Place.EXERCISE: ExercisePage,
    Place.SOUND: SoundPage,
    Place.READ: ReadPage,
    Place.PIECE: PiecePage,
    Place.BOOK: BookPage,
    Place.BOOK_DAY: BookDayPage,
    Place.BOOK_PART: BookPartPage,
    Place.BOOKED: BookedPage,
    Place.RHYTHM_HOW: RhythmHowPage,
    Place.RHYTHM: RhythmPage,
    Place.HOW: HowPage,
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
