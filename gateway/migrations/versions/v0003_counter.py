"""The counter: pieces of the library, what was looked at, wrong tries; assessments as this centre scored them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("piece", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Uuid, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
    )
    op.create_table(
        "content_views",
        sa.Column("record", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("piece", sa.Text, nullable=False),
        sa.Column("at_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_content_views_at_utc_ns", "content_views", ["at_utc_ns"])
    op.create_table(
        "wrong_tries",
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("door", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at_utc_ns", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_wrong_tries_at_utc_ns", "wrong_tries", ["at_utc_ns"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("noticed_utc_ns", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    with op.batch_alter_table("assessments") as table:
        table.add_column(sa.Column("instrument_version", sa.BigInteger, nullable=False, server_default="0"))
        table.add_column(sa.Column("rules_version", sa.BigInteger, nullable=False, server_default="0"))
        table.add_column(sa.Column("scored", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_assessments_scored", "assessments", ["scored"])
