"""The tables of MATCH. They share TALK's metadata, so one migration and one transaction hold both.

Bodies and vectors are sealed under the person's `own` key (a vector can be inverted into text). What the hard rules
compare stands beside them: facets and places as tokens (HMACs under a key outside the database, see `tokens`), and in
the open languages, availability, capacity, states and times (milliseconds by the database's clock).
"""

import sqlalchemy as sa

from chat.tables import Id, Time, metadata

profiles = sa.Table(
    "profiles", metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # sealed: words and facets, each with its visibility
    sa.Column("version", sa.BigInteger, nullable=False),  # grows with every save
    sa.Column("language", sa.Text, nullable=False),  # the language the text is written in
    sa.Column("vector", sa.LargeBinary),  # sealed
    sa.Column("vector_of", sa.BigInteger, nullable=False, server_default="0"),  # the version it was made of; 0: none
    sa.Column("vector_model", sa.Text),  # a vector of another model is no vector
    sa.Column("encode_until", Time, nullable=False, server_default="0"),  # a matcher is at it until then
    sa.Column("saved_at", Time, nullable=False),
)  # fmt: skip

profile_languages = sa.Table(
    "profile_languages", metadata,
    sa.Column("person", Id, sa.ForeignKey("profiles.person"), primary_key=True),
    sa.Column("language", sa.Text, primary_key=True),
)  # fmt: skip

profile_facets = sa.Table(
    "profile_facets", metadata,  # what takes part in matching of what a profile declares
    sa.Column("person", Id, sa.ForeignKey("profiles.person"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("token", sa.LargeBinary, primary_key=True),
)  # fmt: skip

places = sa.Table(
    "places", metadata,  # where a person is from, or must not meet anybody from; names are not kept
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("avoid", sa.Boolean, primary_key=True),
    sa.Column("token", sa.LargeBinary, primary_key=True),
    sa.Column("small", sa.Boolean, nullable=False, server_default=sa.false()),  # everybody knows everybody there
    sa.Column("wished", sa.Boolean, nullable=False, server_default=sa.false()),  # somebody from there is welcome
)  # fmt: skip
sa.Index("ix_places_token", places.c.token)

pairs = sa.Table(
    "pairs", metadata,  # which declared values may meet: an absent pair may not. The supervisor's table; see `pairs`
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seeker", sa.LargeBinary, primary_key=True),  # tokens
    sa.Column("peer", sa.LargeBinary, primary_key=True),
)  # fmt: skip

topics = sa.Table(
    "topics", metadata,  # what people may declare: a row a change, and the newest of a code counts. See `topics`
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),  # the number of its row in the audit
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("position", sa.Float, nullable=False),  # between its neighbours', so that moving one writes one
    sa.Column("labels", sa.Text, nullable=False),  # JSON: the organiser's words by language
    sa.Column("retired", sa.Boolean, nullable=False),
    sa.Column("made_by", Id, sa.ForeignKey("people.id")),  # null: it was there from the beginning
    sa.Column("made_at", Time, nullable=False),
)  # fmt: skip

peers = sa.Table(
    "peers", metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('open','finishing','away')", "state"), nullable=False),
    sa.Column("capacity", sa.Integer, sa.CheckConstraint("capacity between 1 and 3", "capacity"), nullable=False),
    sa.Column("gap_minutes", sa.Integer, nullable=False, server_default="0"),  # rest after a chat
    sa.Column("vetted", sa.Boolean, nullable=False, server_default=sa.false()),  # may talk with minors
    sa.Column("unanswered", sa.Integer, nullable=False, server_default="0"),  # offers in a row that ran out
    sa.Column("changed_at", Time, nullable=False),
)  # fmt: skip
sa.Index("ix_peers_open", peers.c.person,
         postgresql_where=peers.c.state == "open", sqlite_where=peers.c.state == "open")  # fmt: skip

not_today = sa.Table(
    "not_today", metadata,  # topics a peer does not take for now
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("token", sa.LargeBinary, primary_key=True),
    sa.Column("until", Time, nullable=False),
)  # fmt: skip

OPEN = ("waiting", "leased", "offered")
"""The states of a request that has not ended."""

requests = sa.Table(
    "requests", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), index=True),  # null some days after the end: see `ended`
    sa.Column("state", sa.Text, sa.CheckConstraint(
        "state in ('waiting','leased','offered','accepted','withdrawn','replaced','expired')", "state"),
        nullable=False),
    sa.Column("body", sa.LargeBinary),  # sealed; null once ended
    sa.Column("vector", sa.LargeBinary),  # sealed
    sa.Column("vector_model", sa.Text),
    sa.Column("language", sa.Text, nullable=False),  # the language the text is written in
    sa.Column("lease", sa.Text),  # the token every write of the matcher at work names
    sa.Column("lease_until", Time, nullable=False, server_default="0"),
    sa.Column("next_at", Time, nullable=False, server_default="0"),  # not looked at before
    sa.Column("round", sa.Integer, nullable=False, server_default="1"),  # grows when everybody was asked
    sa.Column("breadth", sa.Integer, sa.CheckConstraint("breadth between 0 and 2", "breadth"), nullable=False,
              server_default="0"),  # whom the person wants: the same experience, near it, anybody
    sa.Column("scarce", sa.Boolean),  # do few here share the experience, told coarsely; null: not looked yet
    sa.Column("question", sa.Text),  # the facet the person is being asked about
    sa.Column("questioned", sa.Text, nullable=False, server_default=""),  # those asked about before, with spaces
    sa.Column("kept_until", Time, nullable=False),  # ends by itself then
    sa.Column("made_at", Time, nullable=False),
    sa.Column("ended_at", Time),
    sa.Column("room", Id, sa.ForeignKey("rooms.id")),  # what it came to
    sa.CheckConstraint("(state = 'leased') = (lease is not null)", "lease"),
    sa.CheckConstraint("person is not null or state not in ('waiting','leased','offered')", "person"),
)  # fmt: skip
request_facets = sa.Table(
    "request_facets", metadata,
    sa.Column("request", Id, sa.ForeignKey("requests.id"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("token", sa.LargeBinary, primary_key=True),
)  # fmt: skip

request_languages = sa.Table(
    "request_languages", metadata,
    sa.Column("request", Id, sa.ForeignKey("requests.id"), primary_key=True),
    sa.Column("language", sa.Text, primary_key=True),
)  # fmt: skip

letters = sa.Table(
    "letters", metadata,  # what a person wrote while they waited: the first entry of the room a yes will open
    sa.Column("request", Id, sa.ForeignKey("requests.id"), primary_key=True),
    sa.Column("room", Id, nullable=False),  # the room it is sealed for, which is not there yet
    sa.Column("say_id", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # sealed under the person's `said` key
    sa.Column("key_version", sa.Integer, nullable=False),
    sa.Column("mac", sa.LargeBinary, nullable=False),
)  # fmt: skip

_open = requests.c.state.in_(OPEN)
sa.Index("ux_requests_open", requests.c.person, unique=True, postgresql_where=_open, sqlite_where=_open)
sa.Index("ix_requests_ended", requests.c.ended_at)  # the waits of late, who left waiting, and what is kept no longer
sa.Index("ix_requests_next", requests.c.made_at, postgresql_where=_open, sqlite_where=_open)

offers = sa.Table(
    "offers", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("request", Id, sa.ForeignKey("requests.id"), nullable=False, index=True),
    sa.Column("seeker", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("peer", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("state", sa.Text, sa.CheckConstraint(
        "state in ('offered','accepted','declined','ended')", "state"), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("made_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("ended_at", Time),
)  # fmt: skip
_standing = offers.c.ended_at.is_(None)
sa.Index("ux_offers_standing", offers.c.request, unique=True, postgresql_where=_standing, sqlite_where=_standing)
sa.Index("ix_offers_peer", offers.c.peer, postgresql_where=_standing, sqlite_where=_standing)
sa.Index("ix_offers_expires_at", offers.c.expires_at, postgresql_where=_standing, sqlite_where=_standing)

watched = sa.Table(
    "watched", metadata,  # how far each room has been read for reasons to worry; see `watched`
    sa.Column("room", Id, sa.ForeignKey("rooms.id"), primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),  # all up to here was looked at, and its cases are kept
    sa.Column("lease", sa.Text),  # the token of who looks now
    sa.Column("lease_until", Time, nullable=False),  # then anybody may; once looked at: since when it has its turn
)  # fmt: skip

month_counts = sa.Table(
    "month_counts", metadata,  # what moderators were asked and did, with noise and never without; see `safety`
    sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("by", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("noised", sa.Integer, nullable=False),  # below 0, where there were few and noise took more
    sqlite_with_rowid=False,
)  # fmt: skip

own_signals = sa.Table(
    "own_signals", metadata,  # what the organisation looks for itself: a row a change, the newest of a code counts
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),  # the number of its row in the audit
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, sa.CheckConstraint("kind in ('words','pattern')", "kind"), nullable=False),
    sa.Column("text", sa.Text, nullable=False),  # the organisation's, nobody's who talks here
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('off','on','retired')", "state"), nullable=False),
    sa.Column("made_by", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("made_at", Time, nullable=False),
)  # fmt: skip
