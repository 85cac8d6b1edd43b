"""Actors, events and the registry: the folder that the others build on."""
