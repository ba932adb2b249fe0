"""MATCH: a text about lived experience becomes an opened one-to-one chat."""
