"""The tables as they were before there were migrations: records, sessions, points still to be drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    op.create_table("about", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table(
        "records",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("producer", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("stored_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("session", sa.Uuid),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_records_session", "records", ["session"])
    op.create_table(
        "sessions",
        sa.Column("session", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("opened_record", sa.Uuid),
        sa.Column("programme", sa.Text),
        sa.Column("device", sa.Text),
        sa.Column("began_utc_ns", sa.BigInteger),
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
    op.create_index("ix_sessions_began_utc_ns", "sessions", ["began_utc_ns"])
    op.create_table(
        "chunks",
        sa.Column("session", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("record", sa.Uuid, nullable=False, unique=True),
        sa.Column("from_ns", sa.BigInteger, nullable=False),
        sa.Column("to_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "to_project",
        sa.Column("record", sa.Uuid, primary_key=True),
        sa.Column("session", sa.Uuid, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "sequences",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("site", "producer", "boot", "lane")),
        sa.Column("highest", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sequence_gaps",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("site", "producer", "boot", "lane")),
        sa.Column("from_seq", sa.BigInteger, primary_key=True),
        sa.Column("to_seq", sa.BigInteger, nullable=False),
        sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
    )
