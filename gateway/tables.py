"""The tables of a centre (SQLAlchemy Core), on SQLite embedded or PostgreSQL by its URL.

Columns are what is asked for; everything else is the encoded struct, sealed, in `records`. What the tables of sessions,
assessments, alerts and so on say can be read out of `records` again. `gateway/migrations` brings an older database here
(a test compares the two); `gateway/database.py` opens it.
"""

import sqlalchemy as sa

meta = sa.MetaData()

_place = sa.BigInteger().with_variant(sa.Integer, "sqlite")

records = sa.Table(
    "records",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("producer", sa.Text, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("stored_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Uuid, index=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("target", sa.Text, nullable=False, server_default=""),
    sa.Column("about", sa.Uuid, index=True),
    sa.Column("subject", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_records_kind", "kind", "stored_utc_ns"),
    sa.Index(
        "ix_records_subject",
        "subject",
        sqlite_where=sa.text("subject <> ''"),
        postgresql_where=sa.text("subject <> ''"),
    ),
)
"""`about`: alert, assessment, appointment or deletion that it belongs to. `subject`: keyed hash of a pseudonym."""

sessions = sa.Table(
    "sessions",
    meta,
    sa.Column("session", sa.Uuid, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("opened_record", sa.Uuid),
    sa.Column("programme", sa.Text),
    sa.Column("device", sa.Text),
    sa.Column("began_utc_ns", sa.BigInteger, index=True),
    sa.Column("closed_record", sa.Uuid),
    sa.Column("ended_ns", sa.BigInteger),
    sa.Column("outcome", sa.Text),
    sa.Column("chunks", sa.Integer),
    sa.Column("beats", sa.Integer),
    sa.Column("mean_hr_bpm", sa.Double),
    sa.Column("rmssd_ms", sa.Double),
    sa.Column("artefact_share", sa.Double),
    sa.Column("relaxation", sa.Double),
)

chunks = sa.Table(
    "chunks",
    meta,
    sa.Column("session", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("record", sa.Uuid, nullable=False, unique=True),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
)

assessments = sa.Table(
    "assessments",
    meta,
    sa.Column("assessment", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("record", sa.Uuid, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("instrument", sa.Text, nullable=False),
    sa.Column("ended_utc_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("score", sa.Double),
    sa.Column("band", sa.Text, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("instrument_version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("rules_version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("scored", sa.Boolean, nullable=False, server_default=sa.false(), index=True),
)
"""Score, band, tier and completeness are those of this centre once `scored`; until then what the kiosk said."""

incidents = sa.Table(
    "incidents",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""What should not have happened and a technician must see, by the record that it is about: "score": a kiosk came to
another result than the centre. `reason` names what differs, `body` (sealed) says how.
"""

library = sa.Table(
    "library",
    meta,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("piece", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("record", sa.Uuid, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
)
"""The newest version of each piece, per site that it is for."""

content_views = sa.Table(
    "content_views",
    meta,
    sa.Column("record", sa.Uuid, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("piece", sa.Text, nullable=False),
    sa.Column("at_utc_ns", sa.BigInteger, nullable=False, index=True),
)

wrong_tries = sa.Table(
    "wrong_tries",
    meta,
    sa.Column("place", _place, primary_key=True, autoincrement=True),
    sa.Column("door", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("at_utc_ns", sa.BigInteger, nullable=False, index=True),
)
"""Tries to open a file that were wrong, or are being looked at: where, the hash of the code, when. Gone in an hour."""

alerts = sa.Table(
    "alerts",
    meta,
    sa.Column("alert", sa.Uuid, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, index=True),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("raised_utc_ns", sa.BigInteger),
    sa.Column("next_level", sa.Text, nullable=False),
    sa.Column("next_deadline_utc_ns", sa.BigInteger, index=True),
)

appointments = sa.Table(
    "appointments",
    meta,
    sa.Column("appointment", sa.Uuid, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("record", sa.Uuid, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at_utc_ns", sa.BigInteger, index=True),
)

site_counts = sa.Table(
    "site_counts",
    meta,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
)

documents = sa.Table(
    "documents",
    meta,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("record", sa.Uuid, nullable=False),
)
"""The newest of each: duty roster, settings, revocation list, release manifest, per site that it is for."""

sites = sa.Table(
    "sites",
    meta,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("heard_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("birth", sa.LargeBinary),
    sa.Column("heartbeat", sa.LargeBinary),
)
"""Sites that have been heard at this broker, and what each said last of itself."""

devices = sa.Table(
    "devices",
    meta,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("serial", sa.Text, nullable=False),
    sa.Column("firmware", sa.Text, nullable=False),
    sa.Column("health", sa.Text, nullable=False),
    sa.Column("heard_utc_ns", sa.BigInteger, nullable=False),
)

outgoing = sa.Table(
    "outgoing",
    meta,
    sa.Column("place", _place, primary_key=True, autoincrement=True),
    sa.Column("hop", sa.Text, nullable=False),
    sa.Column("record", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("hop", "record"),
    sa.Index("ix_outgoing_order", "hop", "lane", "place"),
    sqlite_autoincrement=True,
)
"""What waits for a receipt of the next site: `hop` "" is the level above, else the site below that it goes to."""

outgoing_sequences = sa.Table(
    "outgoing_sequences",
    meta,
    sa.Column("hop", sa.Text, primary_key=True),
    sa.Column("boot", sa.Text, primary_key=True),
    sa.Column("lane", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

receipts = sa.Table(
    "receipts",
    meta,
    sa.Column("hop", sa.Text, primary_key=True),
    sa.Column("record", sa.Uuid, primary_key=True),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("received_utc_ns", sa.BigInteger, nullable=False, index=True),
)
"""What the next site has said it holds."""

to_project = sa.Table(
    "to_project",
    meta,
    sa.Column("record", sa.Uuid, primary_key=True),
    sa.Column("session", sa.Uuid),
)

dead_letters = sa.Table(
    "dead_letters",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

erased = sa.Table(
    "erased",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("deletion", sa.Uuid, nullable=False, index=True),
    sa.Column("erased_utc_ns", sa.BigInteger, nullable=False),
)
"""Records, sessions and assessments that are gone for good: what comes late of them is receipted and not stored."""

picture_erasures = sa.Table(
    "picture_erasures",
    meta,
    sa.Column("session", sa.Uuid, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("device", sa.Text, nullable=False),
    sa.Column("from_utc_ns", sa.BigInteger, nullable=False),
    sa.Column("to_utc_ns", sa.BigInteger, nullable=False),
)
"""Spans of time whose points have to go, because the session that they show is erased."""

audit = sa.Table(
    "audit",
    meta,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at_utc_ns", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("detail", sa.LargeBinary, nullable=False),
)

leases = sa.Table(
    "leases",
    meta,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until_utc_ns", sa.BigInteger, nullable=False),
)
"""Which of several centres does a thing that only one should do at a time."""

kept = sa.Table(
    "kept",
    meta,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
"""Small state that a centre keeps over a restart (fleet alerts, rollouts), encoded by whoever keeps it."""

_NUMBERED = ("site", "producer", "boot", "lane")

sequences = sa.Table(
    "sequences",
    meta,
    *(sa.Column(name, sa.Text, primary_key=True) for name in _NUMBERED),
    sa.Column("highest", sa.BigInteger, nullable=False),
)

sequence_gaps = sa.Table(
    "sequence_gaps",
    meta,
    *(sa.Column(name, sa.Text, primary_key=True) for name in _NUMBERED),
    sa.Column("from_seq", sa.BigInteger, primary_key=True),
    sa.Column("to_seq", sa.BigInteger, nullable=False),
    sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
)
