"""The first tables of chat."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "audit",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ref", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_digest", sa.LargeBinary(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nickname", sa.Text(), nullable=True),
        sa.Column("skeleton", sa.Text(), nullable=True),
        sa.Column("inbox", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("recovery", sa.LargeBinary(), nullable=True),
        sa.Column("passphrase", sa.Text(), nullable=True),
        sa.Column("says", sa.Integer(), server_default="0", nullable=False),
        sa.Column("says_since", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("requests", sa.Integer(), server_default="0", nullable=False),
        sa.Column("requests_since", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.Column("banned_until", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state in ('active','banned','erased')", name=op.f("ck_people_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("skeleton", name=op.f("uq_people_skeleton")),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_index(
        "ix_people_banned_until",
        "people",
        ["banned_until"],
        unique=False,
        postgresql_where=sa.text("banned_until IS NOT NULL"),
        sqlite_where=sa.text("banned_until IS NOT NULL"),
    )
    op.create_table(
        "rooms",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("capacity", sa.Integer(), server_default="15", nullable=False),
        sa.Column("shown", sa.Integer(), server_default="30", nullable=False),
        sa.Column("first_seq", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("slow_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("holds", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('group','one_to_one','inbox','desk','log')", name=op.f("ck_rooms_kind")),
        sa.CheckConstraint("state in ('open','locked','closed')", name=op.f("ck_rooms_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rooms")),
        postgresql_with={"fillfactor": "60"},
    )
    op.create_table(
        "sign_ups",
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address", "day", name=op.f("pk_sign_ups")),
    )
    op.create_table(
        "tries",
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", "minute", name=op.f("pk_tries")),
    )
    op.create_table(
        "blocks",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("blocked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["blocked"], ["people.id"], name=op.f("fk_blocks_blocked")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_blocks_person")),
        sa.PrimaryKeyConstraint("person", "blocked", name=op.f("pk_blocks")),
    )
    op.create_index(op.f("ix_blocks_blocked"), "blocks", ["blocked"], unique=False)
    op.create_table(
        "channels",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_channels_person")),
        sa.PrimaryKeyConstraint("person", "n", name=op.f("pk_channels")),
    )
    op.create_table(
        "debriefs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_debriefs_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debriefs")),
    )
    op.create_table(
        "entries",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("say_id", sa.Text(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("ref", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["author"], ["people.id"], name=op.f("fk_entries_author")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_entries_room")),
        sa.PrimaryKeyConstraint("room", "seq", name=op.f("pk_entries")),
    )
    op.create_index("ix_entries_at", "entries", ["at"], unique=False)
    op.create_index(
        "ix_entries_target",
        "entries",
        ["room", "target"],
        unique=False,
        postgresql_where=sa.text("target IS NOT NULL"),
        sqlite_where=sa.text("target IS NOT NULL"),
    )
    op.create_index(
        "ux_entries_say_id",
        "entries",
        ["author", "say_id"],
        unique=True,
        postgresql_where=sa.text("say_id IS NOT NULL"),
        sqlite_where=sa.text("say_id IS NOT NULL"),
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("seconded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconded_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("seconded_by <> asked_by", name=op.f("ck_exports_four_eyes")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_exports_asked_by")),
        sa.ForeignKeyConstraint(["seconded_by"], ["people.id"], name=op.f("fk_exports_seconded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_table(
        "held",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("say_id", sa.Text(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("act", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["author"], ["people.id"], name=op.f("fk_held_author")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_held_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held")),
        sa.UniqueConstraint("author", "say_id", name=op.f("uq_held_author_say_id")),
    )
    op.create_index("ix_held_room", "held", ["room", "at"], unique=False)
    op.create_index(
        "ix_held_unheard",
        "held",
        ["at"],
        unique=False,
        postgresql_where=sa.text("heard_at IS NULL"),
        sqlite_where=sa.text("heard_at IS NULL"),
    )
    op.create_index(
        "ix_held_waits",
        "held",
        ["at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "house_rules",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("texts", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_house_rules_made_by")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_house_rules")),
    )
    op.create_table(
        "links",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_links_person")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_links")),
    )
    op.create_table(
        "lobby",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_lobby_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_lobby_room")),
        sa.PrimaryKeyConstraint("room", "person", name=op.f("pk_lobby")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_lobby_person"), "lobby", ["person"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=True),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "part in ('member','leader','seeker','peer','professional')", name=op.f("ck_memberships_part")
        ),
        sa.CheckConstraint(
            "from_seq >= 1 and (to_seq is null or to_seq >= from_seq - 1)", name=op.f("ck_memberships_range")
        ),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_memberships_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_memberships_room")),
        sa.PrimaryKeyConstraint("room", "person", "from_seq", name=op.f("pk_memberships")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memberships_person", "memberships", ["person"], unique=False)
    op.create_index(
        "ux_memberships_open",
        "memberships",
        ["room", "person"],
        unique=True,
        postgresql_where=sa.text("to_seq IS NULL"),
        sqlite_where=sa.text("to_seq IS NULL"),
    )
    op.create_index(
        "ux_memberships_third",
        "memberships",
        ["room"],
        unique=True,
        postgresql_where=sa.text("to_seq IS NULL AND part = 'professional'"),
        sqlite_where=sa.text("to_seq IS NULL AND part = 'professional'"),
    )
    op.create_table(
        "mutes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_mutes_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_mutes_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mutes")),
    )
    op.create_index(op.f("ix_mutes_person"), "mutes", ["person"], unique=False)
    op.create_table(
        "nobody_rule",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("alerted", sa.Text(), nullable=False),
        sa.Column("set_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_nobody_rule_one")),
        sa.ForeignKeyConstraint(["set_by"], ["people.id"], name=op.f("fk_nobody_rule_set_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nobody_rule")),
    )
    op.create_table(
        "roles",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "role in ('peer','moderator','supervisor','professional','organiser')", name=op.f("ck_roles_role")
        ),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_roles_person")),
        sa.PrimaryKeyConstraint("person", "role", name=op.f("pk_roles")),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind in ('cookie','bearer')", name=op.f("ck_sessions_kind")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_sessions_person")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
        sa.UniqueConstraint("id", name=op.f("uq_sessions_id")),
    )
    op.create_index(op.f("ix_sessions_person"), "sessions", ["person"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("resting_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_shifts_person")),
        sa.PrimaryKeyConstraint("person", "role", name=op.f("pk_shifts")),
    )
    op.create_table(
        "slow_says",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_slow_says_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_slow_says_room")),
        sa.PrimaryKeyConstraint("room", "person", name=op.f("pk_slow_says")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "acts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("rule_version", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seconded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seconded_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind in ('warned','muted','removed','cleared','expelled','banned','locked','slowed','guarded','holding','declined')",
            name=op.f("ck_acts_kind"),
        ),
        sa.CheckConstraint("(made_by is null) = (rule is null)", name=op.f("ck_acts_judged")),
        sa.CheckConstraint("person is not null or room is not null", name=op.f("ck_acts_about")),
        sa.CheckConstraint("seconded_by <> made_by", name=op.f("ck_acts_four_eyes")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_acts_made_by")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_acts_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_acts_room")),
        sa.ForeignKeyConstraint(
            ["rule", "rule_version"],
            ["house_rules.code", "house_rules.version"],
            name=op.f("fk_acts_rule_rule_version"),
        ),
        sa.ForeignKeyConstraint(["seconded_by"], ["people.id"], name=op.f("fk_acts_seconded_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["people.id"], name=op.f("fk_acts_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index(op.f("ix_acts_person"), "acts", ["person"], unique=False)
    op.create_index(op.f("ix_acts_room"), "acts", ["room"], unique=False)
    op.create_table(
        "hidden",
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("by_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("destroyed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["room", "seq"], ["entries.room", "entries.seq"], name=op.f("fk_hidden_room_seq")),
        sa.PrimaryKeyConstraint("room", "seq", name=op.f("pk_hidden")),
    )
    op.create_index(op.f("ix_hidden_at"), "hidden", ["at"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reporter", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("claimed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("act", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("shown", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind in ('report','call','signal','appeal')", name=op.f("ck_cases_kind")),
        sa.CheckConstraint(
            "level in ('imminent','minors','sexual','hate','appeal','spam','other')", name=op.f("ck_cases_level")
        ),
        sa.CheckConstraint("state in ('open','claimed','closed')", name=op.f("ck_cases_state")),
        sa.ForeignKeyConstraint(["act"], ["acts.id"], name=op.f("fk_cases_act")),
        sa.ForeignKeyConstraint(["claimed_by"], ["people.id"], name=op.f("fk_cases_claimed_by")),
        sa.ForeignKeyConstraint(["reporter"], ["people.id"], name=op.f("fk_cases_reporter")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_cases_room")),
        sa.ForeignKeyConstraint(["subject"], ["people.id"], name=op.f("fk_cases_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("act", name=op.f("uq_cases_act")),
    )
    op.create_index(
        "ix_cases_found",
        "cases",
        ["room", "code", "created_at"],
        unique=False,
        postgresql_where=sa.text("code IS NOT NULL"),
        sqlite_where=sa.text("code IS NOT NULL"),
    )
    op.create_index("ix_cases_reporter", "cases", ["reporter", "created_at"], unique=False)
    op.create_index(
        "ix_cases_state",
        "cases",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state != 'closed'"),
        sqlite_where=sa.text("state != 'closed'"),
    )
    op.create_index("ix_cases_subject", "cases", ["subject", "created_at"], unique=False)
    op.create_index(
        "ux_cases_found",
        "cases",
        ["room", "seq", "code"],
        unique=True,
        postgresql_where=sa.text("code IS NOT NULL"),
        sqlite_where=sa.text("code IS NOT NULL"),
    )
    op.create_index(
        "ux_cases_held",
        "cases",
        ["held", "code"],
        unique=True,
        postgresql_where=sa.text("held IS NOT NULL"),
        sqlite_where=sa.text("held IS NOT NULL"),
    )
    op.create_table(
        "escalations",
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("whom", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("alerted_at", sa.BigInteger(), nullable=True),
        sa.Column("is_reached", sa.Boolean(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["people.id"], name=op.f("fk_escalations_acknowledged_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_escalations_asked_by")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_escalations_case")),
        sa.ForeignKeyConstraint(["whom"], ["people.id"], name=op.f("fk_escalations_whom")),
        sa.PrimaryKeyConstraint("case", "step", name=op.f("pk_escalations")),
    )
    op.create_table(
        "evidence",
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_evidence_case")),
        sa.PrimaryKeyConstraint("case", "n", name=op.f("pk_evidence")),
    )
    op.create_table(
        "reviews",
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_reviews_case")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["people.id"], name=op.f("fk_reviews_reviewed_by")),
        sa.PrimaryKeyConstraint("case", name=op.f("pk_reviews")),
    )
    op.create_table(
        "thirds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("room", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=True),
        sa.CheckConstraint("choice in ('not_now','from_here','last','all')", name=op.f("ck_thirds_choice")),
        sa.CheckConstraint("role in ('professional','supervisor')", name=op.f("ck_thirds_role")),
        sa.ForeignKeyConstraint(["case"], ["cases.id"], name=op.f("fk_thirds_case")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_thirds_person")),
        sa.ForeignKeyConstraint(["room"], ["rooms.id"], name=op.f("fk_thirds_room")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thirds")),
    )
    op.create_index(op.f("ix_thirds_case"), "thirds", ["case"], unique=False)
    op.create_index(op.f("ix_thirds_room"), "thirds", ["room"], unique=False)
    op.create_index(
        "ux_thirds_standing",
        "thirds",
        ["room"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
