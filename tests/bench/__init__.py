"""Benchmarks: `python -m tests.bench NAME [--json]`, ours and the comparison side by side in one run."""
