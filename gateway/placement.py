"""What placing a batch needs besides the batch: keys, routes, who we are, and by what sittings are scored."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

from gateway import topics
from gateway.arrivals import Good, Hop
from gateway.box import new_id
from gateway.keys import Keyring
from gateway.messages import Body, Envelope, Record, about_of, encode, kind_of, lane_of
from gateway.routing import Routing
from gateway.scoring import Scorer


@dataclass(frozen=True, slots=True)
class Placement:
    """How one centre places records.

    Attributes:
        keyring: seals bodies and hashes pseudonyms.
        routing: where records go from here.
        boot: this start of the centre; numbers what goes on.
        scorer: scores sittings again.
    """

    keyring: Keyring
    routing: Routing
    boot: str
    scorer: Scorer = field(default_factory=Scorer)

    @property
    def site(self) -> str:
        return self.routing.site

    def own(self, body: Body, now_utc_ns: int, target: str = "") -> Good:
        """A body that this centre makes itself, as something that has arrived. `target` sends it to another site."""
        kind = kind_of(body)
        record = Record(new_id(), kind, self.site, topics.CENTRE, now_utc_ns, encode(body), target)
        return Good(Hop(self.site, topics.CENTRE), Envelope(self.boot, lane_of(kind), 0, record), body, b"")

    def onward(self, arrival: Good, target: str) -> Good:
        """A copy of something for a site below, always the same record for the same target; it never goes up."""
        of = arrival.record
        made = self._onward_id(arrival, target)
        record = Record(made, of.kind, self.site, topics.CENTRE, of.made_utc_ns, of.body, target)
        hop = Hop(self.routing.upper or self.site, topics.CENTRE)
        return Good(hop, Envelope(self.boot, arrival.envelope.lane, 0, record), arrival.body, b"")

    def is_onward(self, arrival: Good) -> bool:
        """Whether `onward` made this here."""
        record = arrival.record
        return record.site == self.site and bool(record.target) and record.id == self._onward_id(arrival, record.target)

    @staticmethod
    def _onward_id(arrival: Good, target: str) -> UUID:
        return uuid5(about_of(arrival.body) or arrival.record.id, target)
