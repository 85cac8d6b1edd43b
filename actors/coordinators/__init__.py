"""Coordinators: actors that decide what the fleet does next."""
