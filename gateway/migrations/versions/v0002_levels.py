"""Three levels: what records are about and for whom, hops, receipts, and tables for everything beside sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_table("about")
    with op.batch_alter_table("records") as table:
        table.add_column(sa.Column("target", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("about", sa.Uuid))
        table.add_column(sa.Column("subject", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_records_about", "records", ["about"])
    op.create_index("ix_records_kind", "records", ["kind", "stored_utc_ns"])
    some = sa.text("subject <> ''")
    op.create_index("ix_records_subject", "records", ["subject"], sqlite_where=some, postgresql_where=some)
    with op.batch_alter_table("to_project") as table:
        table.alter_column("session", existing_type=sa.Uuid, nullable=True)
    op.create_table(
        "assessments",
        sa.Column("assessment", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Uuid, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("instrument", sa.Text, nullable=False),
        sa.Column("ended_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("score", sa.Double),
        sa.Column("band", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
    )
    op.create_index("ix_assessments_ended_utc_ns", "assessments", ["ended_utc_ns"])
    op.create_table(
        "alerts",
        sa.Column("alert", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("raised_utc_ns", sa.BigInteger),
        sa.Column("next_level", sa.Text, nullable=False),
        sa.Column("next_deadline_utc_ns", sa.BigInteger),
    )
    op.create_index("ix_alerts_status", "alerts", ["status"])
    op.create_index("ix_alerts_next_deadline_utc_ns", "alerts", ["next_deadline_utc_ns"])
    op.create_table(
        "appointments",
        sa.Column("appointment", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Uuid, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at_utc_ns", sa.BigInteger),
    )
    op.create_index("ix_appointments_at_utc_ns", "appointments", ["at_utc_ns"])
    op.create_table(
        "site_counts",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Uuid, nullable=False),
    )
    op.create_table(
        "sites",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("heard_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("birth", sa.LargeBinary),
        sa.Column("heartbeat", sa.LargeBinary),
    )
    op.create_table(
        "devices",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("serial", sa.Text, nullable=False),
        sa.Column("firmware", sa.Text, nullable=False),
        sa.Column("health", sa.Text, nullable=False),
        sa.Column("heard_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "outgoing",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("hop", sa.Text, nullable=False),
        sa.Column("record", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("made_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("hop", "record"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outgoing_order", "outgoing", ["hop", "lane", "place"])
    op.create_table(
        "outgoing_sequences",
        sa.Column("hop", sa.Text, primary_key=True),
        sa.Column("boot", sa.Text, primary_key=True),
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("hop", sa.Text, primary_key=True),
        sa.Column("record", sa.Uuid, primary_key=True),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("received_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_receipts_received_utc_ns", "receipts", ["received_utc_ns"])
    op.create_table(
        "erased",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("deletion", sa.Uuid, nullable=False),
        sa.Column("erased_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_erased_deletion", "erased", ["deletion"])
    op.create_table(
        "picture_erasures",
        sa.Column("session", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("from_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("to_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("detail", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_audit_at_utc_ns", "audit", ["at_utc_ns"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "kept",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
