"""Sync and training."""
