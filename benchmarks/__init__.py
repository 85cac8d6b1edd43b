"""Ringleader's actors measured beside stock Pykka's in one run: `python -m benchmarks`."""
