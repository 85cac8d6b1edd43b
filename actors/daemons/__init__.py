"""Daemons: actors that watch one thing, or look after one kind of job."""
