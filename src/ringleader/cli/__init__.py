"""The command `ringleader`."""
