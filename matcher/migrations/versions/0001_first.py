"""The first tables of matcher."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "month_counts",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("noised", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "by", "value", name=op.f("pk_month_counts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pairs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seeker", sa.LargeBinary(), nullable=False),
        sa.Column("peer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "seeker", "peer", name=op.f("pk_pairs")),
    )
    op.create_table(
        "not_today",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_not_today_person")),
        sa.PrimaryKeyConstraint("person", "token", name=op.f("pk_not_today")),
    )
    op.create_table(
        "own_signals",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind in ('words','pattern')", name=op.f("ck_own_signals_kind")),
        sa.CheckConstraint("state in ('off','on','retired')", name=op.f("ck_own_signals_state")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_own_signals_made_by")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_own_signals")),
    )
    op.create_table(
        "peers",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("gap_minutes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("vetted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state in ('open','finishing','away')", name=op.f("ck_peers_state")),
        sa.CheckConstraint("capacity between 1 and 3", name=op.f("ck_peers_capacity")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_peers_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_peers")),
    )
    op.create_index(
        "ix_peers_open",
        "peers",
        ["person"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "places",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("avoid", sa.Boolean(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("small", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("wished", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_places_person")),
        sa.PrimaryKeyConstraint("person", "avoid", "token", name=op.f("pk_places")),
    )
    op.create_index("ix_places_token", "places", ["token"], unique=False)
    op.create_table(
        "profiles",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("vector_of", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("vector_model", sa.Text(), nullable=True),
        sa.Column("encode_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_profiles_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_profiles")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("vector_model", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("next_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("breadth", sa.Integer(), server_default="0", nullable=False),
        sa.Column("scarce", sa.Boolean(), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("questioned", sa.Text(), server_default="", nullable=False),
        sa.Column("kept_until", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(state = 'leased') = (lease is not null)", name=op.f("ck_requests_lease")),
        sa.CheckConstraint(
            "person is not null or state not in ('waiting','leased','offered')", name=op.f("ck_requests_person")
        ),
        sa.CheckConstraint(
            "state in ('waiting','leased','offered','accepted','withdrawn','replaced','expired')",
            name=op.f("ck_requests_state"),
        ),
        sa.CheckConstraint("breadth between 0 and 2", name=op.f("ck_requests_breadth")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_requests_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_requests_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index("ix_requests_ended", "requests", ["ended_at"], unique=False)
    op.create_index(
        "ix_requests_next",
        "requests",
        ["made_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'leased', 'offered')"),
        sqlite_where=sa.text("state IN ('waiting', 'leased', 'offered')"),
    )
    op.create_index(op.f("ix_requests_person"), "requests", ["person"], unique=False)
    op.create_index(
        "ux_requests_open",
        "requests",
        ["person"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'leased', 'offered')"),
        sqlite_where=sa.text("state IN ('waiting', 'leased', 'offered')"),
    )
    op.create_table(
        "topics",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("position", sa.Float(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_topics_made_by")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_topics")),
    )
    op.create_table(
        "watched",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lease", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_watched_room")),
        sa.PrimaryKeyConstraint("room", name=op.f("pk_watched")),
    )
    op.create_table(
        "letters",
        sa.Column("request", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("say_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["requests.id"], name=op.f("fk_letters_request")),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_letters")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("request", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seeker", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("peer", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state in ('offered','accepted','declined','ended')", name=op.f("ck_offers_state")),
        sa.ForeignKeyConstraint(["peer"], ["people.id"], name=op.f("fk_offers_peer")),
        sa.ForeignKeyConstraint(["request"], ["requests.id"], name=op.f("fk_offers_request")),
        sa.ForeignKeyConstraint(["seeker"], ["people.id"], name=op.f("fk_offers_seeker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(
        "ix_offers_expires_at",
        "offers",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_offers_peer",
        "offers",
        ["peer"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_offers_request"), "offers", ["request"], unique=False)
    op.create_index(
        "ux_offers_standing",
        "offers",
        ["request"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "profile_facets",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["profiles.person"], name=op.f("fk_profile_facets_person")),
        sa.PrimaryKeyConstraint("person", "name", "token", name=op.f("pk_profile_facets")),
    )
    op.create_table(
        "profile_languages",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["profiles.person"], name=op.f("fk_profile_languages_person")),
        sa.PrimaryKeyConstraint("person", "language", name=op.f("pk_profile_languages")),
    )
    op.create_table(
        "request_facets",
        sa.Column("request", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["requests.id"], name=op.f("fk_request_facets_request")),
        sa.PrimaryKeyConstraint("request", "name", "token", name=op.f("pk_request_facets")),
    )
    op.create_table(
        "request_languages",
        sa.Column("request", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["requests.id"], name=op.f("fk_request_languages_request")),
        sa.PrimaryKeyConstraint("request", "language", name=op.f("pk_request_languages")),
    )
