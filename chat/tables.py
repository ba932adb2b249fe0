"""The tables of TALK, and why each column is there.

Times are milliseconds by the database's clock. `body` columns are sealed (see `seal`); nothing else holds people's
words, except a nickname, which is a pseudonym shown to everybody in the room. What must be true is a constraint.
"""

from functools import cache

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""By that name alone SQLite keeps rows by their id, with no index beside them. (One left out it would make up;
on PostgreSQL that fails, and what inserts is tested on both.)"""
Time = sa.BigInteger
HOT = {"fillfactor": "60"}
"""Rows that change at every say keep space on their page, so PostgreSQL updates them in place (HOT)."""

meta = sa.Table(
    "meta", metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)  # fmt: skip

people = sa.Table(
    "people", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('active','banned','erased')", "state"), nullable=False),
    sa.Column("nickname", sa.Text),  # null once erased
    sa.Column("skeleton", sa.Text, unique=True),  # what the nickname looks like: see words.skeleton
    sa.Column("inbox", Id),  # the person's inbox room
    sa.Column("language", sa.Text, nullable=False, server_default="en"),
    sa.Column("recovery", sa.LargeBinary),  # SHA-256 of the recovery code (>= 100 random bits); see recovery
    sa.Column("passphrase", sa.Text),  # argon2id, staff only
    sa.Column("says", sa.Integer, nullable=False, server_default="0"),  # counted from says_since
    sa.Column("says_since", Time, nullable=False, server_default="0"),
    sa.Column("requests", sa.Integer, nullable=False, server_default="0"),
    sa.Column("requests_since", Time, nullable=False, server_default="0"),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("erased_at", Time),
    sa.Column("banned_until", Time),  # of who is banned; null: for good. See `bans`
    postgresql_with=HOT,
)  # fmt: skip
_banned = people.c.banned_until.is_not(None)
sa.Index("ix_people_banned_until", people.c.banned_until, postgresql_where=_banned, sqlite_where=_banned)

roles = sa.Table(
    "roles", metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("role", sa.Text, sa.CheckConstraint(
        "role in ('peer','moderator','supervisor','professional','organiser')", "role"), primary_key=True),
    sa.Column("granted_by", Id),
    sa.Column("granted_at", Time, nullable=False),
)  # fmt: skip

sessions = sa.Table(
    "sessions", metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),  # SHA-256 of 128+ random bits; the token itself is not kept
    sa.Column("id", Id, nullable=False, unique=True),  # what the list of sessions names
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("kind", sa.Text, sa.CheckConstraint("kind in ('cookie','bearer')", "kind"), nullable=False),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("seen_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
)  # fmt: skip

links = sa.Table(
    "links", metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("role", sa.Text),  # the role a new person gets, or null
    sa.Column("person", Id, sa.ForeignKey("people.id")),  # whom it signs in, or null for a new person
    sa.Column("made_by", Id),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("used_at", Time),
)  # fmt: skip

sign_ups = sa.Table(
    "sign_ups", metadata,
    sa.Column("address", sa.LargeBinary, primary_key=True),  # HMAC of the address and the day
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)  # fmt: skip

tries = sa.Table(
    "tries", metadata,
    sa.Column("what", sa.LargeBinary, primary_key=True),  # HMAC of a name, an address or a device: see passphrases
    sa.Column("minute", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)  # fmt: skip

rooms = sa.Table(
    "rooms", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint("kind in ('group','one_to_one','inbox','desk','log')", "kind"),
              nullable=False),  # log: nobody is in it, only processes read it
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('open','locked','closed')", "state"), nullable=False),
    sa.Column("name", sa.Text),  # written by the organisation
    sa.Column("about", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("capacity", sa.Integer, nullable=False, server_default="15"),
    sa.Column("shown", sa.Integer, nullable=False, server_default="30"),  # earlier entries a newcomer may see
    sa.Column("first_seq", sa.BigInteger, nullable=False, server_default="1"),  # oldest kept
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("closed_at", Time),
    sa.Column("slow_s", sa.Integer, nullable=False, server_default="0"),  # between two says of one person
    sa.Column("holds", sa.Text),  # when what is said waits for a moderator: always, or 22:00-07:00; null: never
    postgresql_with=HOT,
)  # fmt: skip

slow_says = sa.Table(
    "slow_says", metadata,  # when each spoke last in a slow room; written only while it is slow, under the room's lock
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), primary_key=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("at", Time, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

memberships = sa.Table(
    "memberships", metadata,
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), primary_key=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("from_seq", sa.BigInteger, primary_key=True),
    sa.Column("to_seq", sa.BigInteger),  # null while it lasts; nothing after it is shown
    sa.Column("part", sa.Text, sa.CheckConstraint("part in ('member','leader','seeker','peer','professional')", "part"),
              nullable=False),
    sa.Column("read_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("since_at", Time, nullable=False),
    sa.CheckConstraint("from_seq >= 1 and (to_seq is null or to_seq >= from_seq - 1)", "range"),
    sqlite_with_rowid=False,
)  # fmt: skip
sa.Index("ux_memberships_open", memberships.c.room, memberships.c.person, unique=True,
         postgresql_where=memberships.c.to_seq.is_(None), sqlite_where=memberships.c.to_seq.is_(None))  # fmt: skip
sa.Index("ix_memberships_person", memberships.c.person)
_third = sa.and_(memberships.c.to_seq.is_(None), memberships.c.part == "professional")
sa.Index("ux_memberships_third", memberships.c.room, unique=True, postgresql_where=_third, sqlite_where=_third)

lobby = sa.Table(
    "lobby", metadata,  # who waits at the door of a guarded room; see `door`
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), primary_key=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True, index=True),
    sa.Column("since_at", Time, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip

entries = sa.Table(
    "entries", metadata,  # SQLite keeps them as they come: see decision 0012
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", Id, sa.ForeignKey("people.id")),
    sa.Column("at", Time, nullable=False),
    sa.Column("say_id", sa.Text),
    sa.Column("target", sa.BigInteger),  # the seq, in this room, that this entry is about
    sa.Column("ref", sa.BigInteger),  # another thing's id: a case, an offer, a room, a person
    sa.Column("code", sa.Text),  # a short word of ours: a mark, a level, a notice
    sa.Column("body", sa.LargeBinary),  # sealed; null when there was none or it was destroyed
    sa.Column("key_version", sa.Integer),
    sa.Column("mac", sa.LargeBinary),  # keyed MAC of the text: is a repeated say_id the same say?
)  # fmt: skip
sa.Index("ux_entries_say_id", entries.c.author, entries.c.say_id, unique=True,
         postgresql_where=entries.c.say_id.is_not(None), sqlite_where=entries.c.say_id.is_not(None))  # fmt: skip
sa.Index("ix_entries_target", entries.c.room, entries.c.target,
         postgresql_where=entries.c.target.is_not(None), sqlite_where=entries.c.target.is_not(None))  # fmt: skip
sa.Index("ix_entries_at", entries.c.at)

held = sa.Table(
    "held", metadata,  # what waits for a moderator, and is no entry before it is let through; see `held`
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), nullable=False),
    sa.Column("author", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("say_id", sa.Text, nullable=False),
    sa.Column("target", sa.BigInteger),  # the seq it answers
    sa.Column("body", sa.LargeBinary),  # sealed as an entry's; null once taken back or destroyed
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("mac", sa.LargeBinary, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("ended_at", Time),  # null as long as it waits
    sa.Column("act", Id),  # that declined it; null when it has ended: nobody came, or its author took it back
    sa.Column("heard_at", Time),  # null: no detector has read it yet
    sa.UniqueConstraint("author", "say_id"),
)  # fmt: skip
sa.Index("ix_held_room", held.c.room, held.c.at)
_unheard = held.c.heard_at.is_(None)
sa.Index("ix_held_unheard", held.c.at, postgresql_where=_unheard, sqlite_where=_unheard)
_waits = held.c.ended_at.is_(None)
sa.Index("ix_held_waits", held.c.at, postgresql_where=_waits, sqlite_where=_waits)

hidden = sa.Table(
    "hidden", metadata,  # entries whose words are not shown any more, and which entry said so
    sa.Column("room", Id, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True),
    sa.Column("by_seq", sa.BigInteger, nullable=False),  # the newest edit, or what retracted or removed it
    sa.Column("at", Time, nullable=False, index=True),
    sa.Column("destroyed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.ForeignKeyConstraint(["room", "seq"], ["entries.room", "entries.seq"]),
)  # fmt: skip

blocks = sa.Table(
    "blocks", metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("blocked", Id, sa.ForeignKey("people.id"), primary_key=True, index=True),
    sa.Column("at", Time, nullable=False),
)  # fmt: skip

cases = sa.Table(
    "cases", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('open','claimed','closed')", "state"), nullable=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint(
        "kind in ('report','call','signal','appeal')", "kind"), nullable=False),
    sa.Column("level", sa.Text, sa.CheckConstraint(
        "level in ('imminent','minors','sexual','hate','appeal','spam','other')", "level"), nullable=False),
    sa.Column("room", Id, sa.ForeignKey("rooms.id")),
    sa.Column("seq", sa.BigInteger),
    sa.Column("held", Id),  # what waited when it was found; `seq` says what it became
    sa.Column("subject", Id, sa.ForeignKey("people.id")),  # whom it is about
    sa.Column("reporter", Id, sa.ForeignKey("people.id")),
    sa.Column("claimed_by", Id, sa.ForeignKey("people.id")),
    sa.Column("seen_at", Time),  # when the claimer's console was last seen: a claim is a lease, see claims
    sa.Column("outcome", sa.Text),
    sa.Column("code", sa.Text),  # what a detector found; null: somebody reported it
    sa.Column("times", sa.Integer, nullable=False, server_default="1"),  # how often it was found since
    sa.Column("act", Id, sa.ForeignKey("acts.id"), unique=True),  # what an appeal is about: each once
    sa.Column("shown", sa.Boolean, nullable=False, server_default=sa.false()),  # the author may learn which entry
    sa.Column("created_at", Time, nullable=False),
    sa.Column("closed_at", Time),
)  # fmt: skip
sa.Index("ux_cases_found", cases.c.room, cases.c.seq, cases.c.code, unique=True,
         postgresql_where=cases.c.code.is_not(None), sqlite_where=cases.c.code.is_not(None))  # fmt: skip
sa.Index("ux_cases_held", cases.c.held, cases.c.code, unique=True,
         postgresql_where=cases.c.held.is_not(None), sqlite_where=cases.c.held.is_not(None))  # fmt: skip
sa.Index("ix_cases_found", cases.c.room, cases.c.code, cases.c.created_at,
         postgresql_where=cases.c.code.is_not(None), sqlite_where=cases.c.code.is_not(None))  # fmt: skip
sa.Index("ix_cases_reporter", cases.c.reporter, cases.c.created_at)
sa.Index("ix_cases_subject", cases.c.subject, cases.c.created_at)
sa.Index("ix_cases_state", cases.c.state, postgresql_where=cases.c.state != "closed",
         sqlite_where=cases.c.state != "closed")  # fmt: skip

escalations = sa.Table(
    "escalations", metadata,  # whom a case was asked of, one step after another
    sa.Column("case", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("whom", Id, sa.ForeignKey("people.id")),  # null: there was nobody
    sa.Column("role", sa.Text),  # as what they were asked
    sa.Column("asked_by", Id, sa.ForeignKey("people.id")),  # null: nobody was on duty
    sa.Column("asked_at", Time, nullable=False),
    sa.Column("due_at", Time, nullable=False),  # then the next is asked
    sa.Column("token", sa.BigInteger),  # who is sending the alert, until leased_until
    sa.Column("leased_until", Time),
    sa.Column("alerted_at", Time),
    sa.Column("is_reached", sa.Boolean),
    sa.Column("acknowledged_at", Time),
    sa.Column("acknowledged_by", Id, sa.ForeignKey("people.id")),
)  # fmt: skip

reviews = sa.Table(
    "reviews", metadata,  # what was escalated, to be looked at once more
    sa.Column("case", Id, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("due_at", Time, nullable=False),
    sa.Column("reviewed_at", Time),
    sa.Column("reviewed_by", Id, sa.ForeignKey("people.id")),
)  # fmt: skip

thirds = sa.Table(
    "thirds", metadata,  # who asked to come into a one-to-one, about which case, and what the member said; see thirds
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), nullable=False, index=True),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("case", Id, sa.ForeignKey("cases.id"), nullable=False, index=True),
    sa.Column("role", sa.Text, sa.CheckConstraint("role in ('professional','supervisor')", "role"), nullable=False),
    sa.Column("asked_at", Time, nullable=False),
    sa.Column("ended_at", Time),  # null: it stands; else when it was answered, or lapsed
    sa.Column("choice", sa.Text, sa.CheckConstraint("choice in ('not_now','from_here','last','all')", "choice")),
)  # fmt: skip
_standing = thirds.c.ended_at.is_(None)
sa.Index("ux_thirds_standing", thirds.c.room, unique=True, postgresql_where=_standing, sqlite_where=_standing)

evidence = sa.Table(
    "evidence", metadata,  # what a report froze, sealed under the case's own key
    sa.Column("case", Id, sa.ForeignKey("cases.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),  # 0: the reporter's reason; then entries in order
    sa.Column("seq", sa.BigInteger),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("author", Id),
    sa.Column("at", Time, nullable=False),
    sa.Column("body", sa.LargeBinary),
)  # fmt: skip

shifts = sa.Table(
    "shifts", metadata,  # who is on duty; see roster
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("begins_at", Time, nullable=False),
    sa.Column("ends_at", Time, nullable=False),
    sa.Column("resting_until", Time),  # on a break until then
)  # fmt: skip

channels = sa.Table(
    "channels", metadata,  # how somebody on duty is reached
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),  # as mailto; all that is shown of it
    sa.Column("body", sa.LargeBinary, nullable=False),  # the address, sealed: there may be a password in it
)  # fmt: skip

debriefs = sa.Table(
    "debriefs", metadata,  # what stays with a moderator after something heavy; see `debriefs`
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # sealed under the person's own key
)  # fmt: skip

nobody_rule = sa.Table(
    "nobody_rule", metadata,  # what holds while nobody is on duty
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", "one"), primary_key=True, autoincrement=False),
    sa.Column("told", sa.Text, nullable=False),  # written by the organisation
    sa.Column("alerted", sa.Text, nullable=False),  # a role
    sa.Column("set_by", Id, sa.ForeignKey("people.id")),  # null: the demo
    sa.Column("set_at", Time, nullable=False),
)  # fmt: skip

house_rules = sa.Table(
    "house_rules", metadata,  # what is asked of everybody: a row a change, the newest of a code counts
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),  # the number of its row in the audit
    sa.Column("texts", sa.Text, nullable=False),  # JSON: the organisation's words by language
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),  # null: it was there from the beginning
    sa.Column("made_at", Time, nullable=False),
)  # fmt: skip

acts = sa.Table(
    "acts", metadata,  # what was done to a person or a room: what its notice, its undoing and an appeal name
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint(
        "kind in ('warned','muted','removed','cleared','expelled','banned','locked','slowed','guarded',"
        "'holding','declined')", "kind"),
        nullable=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), index=True),  # null: it is about the room
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), index=True),
    sa.Column("seq", sa.BigInteger),  # the entry it is about; the room's last one when it was guarded
    sa.Column("amount", sa.Integer),  # minutes cleared or guarded against, seconds slowed, days banned (null: for good)
    sa.Column("hours", sa.Text),  # of every night in which a room holds; null: it holds until that is undone
    sa.Column("rule", sa.Text),  # null: nobody has judged it so far
    sa.Column("rule_version", sa.BigInteger),
    sa.Column("until", Time),  # null: it has no end
    sa.Column("case", Id),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),  # null: nobody, it came by itself; see `valve`
    sa.Column("made_at", Time, nullable=False),
    sa.Column("seconded_by", Id, sa.ForeignKey("people.id")),  # who said yes to a ban for good
    sa.Column("seconded_at", Time),
    sa.Column("undone_by", Id, sa.ForeignKey("people.id")),
    sa.Column("undone_at", Time),
    sa.ForeignKeyConstraint(["rule", "rule_version"], ["house_rules.code", "house_rules.version"]),
    sa.CheckConstraint("person is not null or room is not null", "about"),
    sa.CheckConstraint("seconded_by <> made_by", "four_eyes"),
    sa.CheckConstraint("(made_by is null) = (rule is null)", "judged"),  # who acts on somebody says by which rule
)  # fmt: skip

mutes = sa.Table(
    "mutes", metadata,  # what is asked at every say of a mute; the rest is in `acts`, under the same id
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("room", Id, sa.ForeignKey("rooms.id")),  # null: everywhere but in one-to-ones
    sa.Column("until", Time, nullable=False),
    sa.Column("lifted_at", Time),
)  # fmt: skip

audit = sa.Table(
    "audit", metadata,
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("actor", Id),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("subject", Id),
    sa.Column("room", Id),
    sa.Column("ref", Id),
    sa.Column("code", sa.Text),
    sa.Column("body", sa.LargeBinary),  # the sealed reason
    sa.Column("body_digest", sa.LargeBinary),  # SHA-256 of the sealed bytes, so destroying them keeps the chain valid
    sa.Column("mac", sa.LargeBinary, nullable=False),  # HMAC over the row before and this row
)  # fmt: skip

sa.Index("ix_audit_at", audit.c.at)

audit_head = sa.Table(
    "audit_head", metadata,
    sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", "one"), primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("mac", sa.LargeBinary, nullable=False),
)  # fmt: skip

exports = sa.Table(
    "exports", metadata,  # of the audit: asked for by one, agreed to by another
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("asked_by", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("asked_at", Time, nullable=False),
    sa.Column("seconded_by", Id, sa.ForeignKey("people.id")),
    sa.Column("seconded_at", Time),
    sa.CheckConstraint("seconded_by <> asked_by", "four_eyes"),
)  # fmt: skip


@cache
def alias(table: sa.Table, name: str) -> sa.FromClause:
    """Return the table under another name, always the same object: to make its columns takes as long as a statement.

    Not for a statement within one that has the table under the same name: there they would be one row.
    """
    return table.alias(name)
