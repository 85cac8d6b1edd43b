"""Foundational: what tasks there are, and which may start."""
