"""TALK: rooms, people, what is said, the hub, moderation. Knows no HTTP pages and no matching.

The one idea: everything a person learns live is an entry in some room's timeline, numbered without gaps, committed
before it is acknowledged, and delivered only as cursor + 1.
"""
