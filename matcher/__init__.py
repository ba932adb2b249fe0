"""MATCH: from a text about lived experience to an opened one-to-one chat. Knows no HTTP pages.

The one idea: a request is a row that any matcher process may lease; it is offered to one fitting peer at a time, and
nothing but the database decides who may be offered, who was first, and how many a peer talks with.
"""
