"""The tables of MATCH. They share TALK's metadata, so one migration and one transaction hold both.

Bodies and vectors are sealed under the person's `own` key (a vector can be inverted into text); only what SQL must
filter by stands open: languages, availability, capacity, states and times (milliseconds by the database's clock).
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

peers = sa.Table(
    "peers", metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, sa.CheckConstraint("state in ('open','finishing','away')", "state"), nullable=False),
    sa.Column("capacity", sa.Integer, sa.CheckConstraint("capacity between 1 and 3", "capacity"), nullable=False),
    sa.Column("offered_at", Time, nullable=False, server_default="0"),  # the last time an offer was made to them
    sa.Column("changed_at", Time, nullable=False),
)  # fmt: skip
sa.Index("ix_peers_open", peers.c.person,
         postgresql_where=peers.c.state == "open", sqlite_where=peers.c.state == "open")  # fmt: skip

OPEN = ("waiting", "leased", "offered")
"""The states of a request that has not ended."""

requests = sa.Table(
    "requests", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("person", Id, sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("state", sa.Text, sa.CheckConstraint(
        "state in ('waiting','leased','offered','accepted','withdrawn','expired')", "state"), nullable=False),
    sa.Column("body", sa.LargeBinary),  # sealed; null once ended
    sa.Column("vector", sa.LargeBinary),  # sealed
    sa.Column("vector_model", sa.Text),
    sa.Column("language", sa.Text, nullable=False),  # the language the text is written in
    sa.Column("languages", sa.Text, nullable=False),  # the languages the person reads, with spaces
    sa.Column("lease", sa.Text),  # the token every write of the matcher at work names
    sa.Column("lease_until", Time, nullable=False, server_default="0"),
    sa.Column("next_at", Time, nullable=False, server_default="0"),  # not looked at before
    sa.Column("round", sa.Integer, nullable=False, server_default="1"),  # grows when everybody was asked
    sa.Column("asked", sa.Integer, nullable=False, server_default="0"),  # how many offers were made, all rounds
    sa.Column("fitting", sa.Boolean),  # were there peers who fit, at the last look; null: not looked yet
    sa.Column("made_at", Time, nullable=False),
    sa.Column("ended_at", Time),
    sa.Column("room", Id, sa.ForeignKey("rooms.id")),  # what it came to
    sa.CheckConstraint("(state = 'leased') = (lease is not null)", "lease"),
)  # fmt: skip
_open = requests.c.state.in_(OPEN)
sa.Index("ux_requests_open", requests.c.person, unique=True, postgresql_where=_open, sqlite_where=_open)
sa.Index("ix_requests_ended", requests.c.state, requests.c.ended_at)  # the waits of late, told to who waits now
sa.Index("ix_requests_next", requests.c.made_at, postgresql_where=_open, sqlite_where=_open)

offers = sa.Table(
    "offers", metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("request", Id, sa.ForeignKey("requests.id"), nullable=False, index=True),
    sa.Column("seeker", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("peer", Id, sa.ForeignKey("people.id"), nullable=False),
    sa.Column("state", sa.Text, sa.CheckConstraint(
        "state in ('offered','accepted','declined','ended','unasked')", "state"), nullable=False),
    # unasked: this peer has blocked the seeker, hears nothing, and looks to the seeker like one who does not answer
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("made_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False),
    sa.Column("ended_at", Time),
)  # fmt: skip
_standing = offers.c.ended_at.is_(None)
sa.Index("ux_offers_standing", offers.c.request, unique=True, postgresql_where=_standing, sqlite_where=_standing)
sa.Index("ix_offers_peer", offers.c.peer, postgresql_where=_standing, sqlite_where=_standing)
sa.Index("ix_offers_expires_at", offers.c.expires_at, postgresql_where=_standing, sqlite_where=_standing)
