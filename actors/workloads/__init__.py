"""The job programs of the embedded workload: Hex from OpenSpiel, learned by self-play.

They are operating system processes of their own (`python -m ringleader.actors.workloads.selfplay
--job FILE`). A node imports only `protocol`, `options` and `board` from here, which need neither
NumPy nor OpenSpiel; everything else belongs to the jobs.
"""
