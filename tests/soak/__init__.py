"""Longer runs that judge a whole history: python -m tests.soak NAME."""
