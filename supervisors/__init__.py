"""Supervisors: start, watch, restart and stop children by the rules of OTP."""
