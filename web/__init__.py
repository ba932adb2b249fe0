"""SHOW: pages, templates, static files, sign-in. No rules of its own."""
