"""Signals become messages while somebody wants them."""

from __future__ import annotations

import queue
import signal

from ringleader.cli.signals import STOPS, signals_to


def test_each_signal_is_one_message_and_ends_nothing() -> None:
    heard: queue.SimpleQueue[signal.Signals] = queue.SimpleQueue()
    with signals_to(heard.put):
        for number in STOPS:
            signal.raise_signal(number)
        assert [heard.get(timeout=5) for _ in STOPS] == list(STOPS)


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = [signal.getsignal(number) for number in STOPS]
    with signals_to(print):
        assert [signal.getsignal(number) for number in STOPS] != before
    assert [signal.getsignal(number) for number in STOPS] == before


def test_what_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_to(print):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
