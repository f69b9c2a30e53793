"""Pieces that come from above take their place among those that are here; one that cannot be read is left out."""

import logging

from care.library import LibraryError, parse
from gateway.counter.messages import LibraryAnswer
from kiosk.flow.house import House

log = logging.getLogger(__name__)


def take_in(house: House, answer: LibraryAnswer) -> None:
    """Newer pieces replace older ones; withdrawn ones go."""
    shelf = {piece.key: piece for piece in house.pieces}
    for sent in answer.pieces:
        try:
            piece = parse(sent.body, f"piece {sent.key} from above")
        except LibraryError as error:
            log.warning("%s", error)
            continue
        if piece.key != sent.key:
            log.warning("piece %s from above calls itself %s; it is left out", sent.key, piece.key)
        elif piece.key not in shelf or shelf[piece.key].version < piece.version:
            shelf[piece.key] = piece
    for key in answer.withdrawn:
        shelf.pop(key, None)
    house.pieces = list(shelf.values())
