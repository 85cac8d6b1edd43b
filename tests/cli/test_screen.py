"""A terminal gets a live view, anything else plain lines."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from rich.text import Text

from ringleader.cli.screen import LiveScreen, PlainScreen, open_screen
from ringleader.live import View

if TYPE_CHECKING:
    from tests.cli.conftest import Place

VIEW = View(node_id="n1", run=1, phase="running", hint="Ctrl-C stops in order")


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=100, height=24)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_live_screen_draws_the_view_and_takes_it_away() -> None:
    console = terminal()
    screen = LiveScreen(console)
    screen.show(VIEW)
    assert "Ctrl-C stops in order" in said(console)
    screen.line("[bold]a line[/bold]")
    assert "[bold]a line[/bold]" in said(console)
    screen.close(Text("the result"))
    screen.close()
    assert said(console).rstrip().endswith("the result")
    assert "\x1b[?25h" in said(console)  # the cursor is back


def test_a_plain_screen_writes_lines_apart_from_the_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = PlainScreen()
    screen.line("one")
    screen.show(VIEW)
    screen.close(Text("the result"))
    out = capsys.readouterr()
    assert (out.out, out.err) == ("the result\n", "one\n")


def test_with_json_there_is_no_result_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    PlainScreen(silent_result=True).close(Text("the result"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("plain", "json"), [(True, False), (False, True), (True, True), (False, False)]
)
def test_what_is_no_terminal_gets_lines(*, plain: bool, json: bool) -> None:
    assert isinstance(open_screen(plain=plain, json=json), PlainScreen)


def test_on_a_terminal_the_node_is_shown_live(place: Place) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # our own command
        [sys.executable, "-m", "ringleader", "up", "--iterations", "8"],
        cwd=place.path,
        env={**os.environ, "PYTHONPATH": place.actors, "TERM": "xterm", "COLUMNS": "120"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody has the other end any more
                break
            if not chunk:
                break
            shown += chunk
        assert process.wait(30) == 0, shown.decode()
    os.close(ours)
    text = shown.decode()
    assert "events/s" in text
    assert "pipeline" in text
    assert "ringleader up --resume goes on" in text
    assert "tiny iteration 8 complete" in text
    assert "0 deaths, 0 restarts" in text.rsplit("\x1b[?25h", 1)[-1]
