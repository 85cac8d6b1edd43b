"""The status over HTTP: for `curl`, for probes and for Prometheus.

Nothing in here asks an actor: answers come from the snapshots that the control socket's clients
get. The packages of the extra `status` are imported when it is served, and not before.
"""
