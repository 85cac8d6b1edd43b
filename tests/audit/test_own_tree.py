"""Our own tree: nothing does not fit but what is listed, with a reason, in `exceptions.toml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringleader.audit.exceptions import OWN
from ringleader.audit.report import Report, audit, lines
from ringleader.audit.scan import scan

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def report() -> Report:
    folders = ("actors", "supervisors", "transport", "config", "src/ringleader")
    return audit(scan([ROOT / folder for folder in folders]), [OWN])


def test_our_tree_has_no_findings_beyond_the_list(report: Report) -> None:
    assert report.ok, "\n".join(lines(report))


def test_the_audit_has_seen_our_tree(report: Report) -> None:
    counts = report.counts
    assert counts.files > 300
    assert counts.published > 60
    assert counts.handled > 50
    assert counts.reads > 200
    assert counts.steps > 300


def test_the_loop_of_the_pipeline_is_seen_and_why_it_ends(report: Report) -> None:
    cycles = {f.event: f for f in report.excused if f.kind == "cycle"}
    loop = cycles["SELFPLAY_TARGET_UPDATED"]
    assert loop.owners[0] == "DataPipelineOrchestrator"
    assert "iteration" in loop.excused


def test_the_examples_have_no_faults_of_their_own() -> None:
    found = audit(scan([ROOT / "examples"]), []).findings
    faults = ("unknown-field", "missing-field", "unregistered", "alias", "unreadable")
    assert [f for f in found if f.kind in faults] == []
