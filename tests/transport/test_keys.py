"""Keys on disk: who may read them, who is let in, and how a key is changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ringleader.transport.key_files import KEY, KeysError, new_pair
from ringleader.transport.keys import OVERLAP, KeyRing

if TYPE_CHECKING:
    from pathlib import Path

DAY = 24 * 3600.0


class Here:
    """A directory for keys and a clock; every call of `ring` looks at the files anew."""

    def __init__(self, path: Path) -> None:
        self.path = path / "keys"
        self.time = 1_000_000.0

    def ring(self, **configured: str) -> KeyRing:
        return KeyRing(self.path, lambda: self.time, configured)


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(tmp_path)


def key() -> str:
    return new_pair(0).public


def test_a_new_key_is_stored_for_its_owner_alone(here: Here) -> None:
    made = here.ring().generate()
    assert here.ring().pair == made
    assert KEY.fullmatch(made.public)
    assert made.public[0].isalnum()
    assert (here.path / "node.key").stat().st_mode & 0o777 == 0o600
    assert here.path.stat().st_mode & 0o777 == 0o700
    assert made.secret not in repr(made)


def test_a_key_is_not_overwritten_by_a_new_one(here: Here) -> None:
    here.ring().generate()
    with pytest.raises(KeysError, match="is there already; `ringleader keys rotate`"):
        here.ring().generate()


def test_without_a_key_one_is_told_how_to_get_one(here: Here) -> None:
    ring = here.ring()
    assert not ring.has_pair
    for ask in (lambda: ring.pair, lambda: ring.announced, ring.require, lambda: ring.rotate(1)):
        with pytest.raises(KeysError, match="run `ringleader keys new`"):
            ask()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_secret_key_that_others_may_touch_is_not_used(here: Here, mode: int) -> None:
    here.ring().generate()
    (here.path / "node.key").chmod(mode)
    with pytest.raises(KeysError, match=rf"mode {mode:o}\); chmod 600 .*node\.key"):
        here.ring()


def test_a_directory_where_others_may_write_is_not_used(here: Here) -> None:
    here.ring().generate()
    here.path.chmod(0o770)
    with pytest.raises(KeysError, match=r"others may write there \(mode 770\); chmod 700"):
        here.ring()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_key_file_of_somebody_else_is_not_used(here: Here) -> None:
    here.ring().generate()
    os.chown(here.path / "node.key", 12345, -1)
    with pytest.raises(KeysError, match="it belongs to user 12345"):
        here.ring()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense\n",
        "public x\nsecret y\nsince z\n",
        f"public {key()}\nsecret {new_pair(0).secret}\nsince 2026-01-01T00:00:00+00:00\n",
        "public ä\n",
    ],
)
def test_a_file_that_holds_no_key_pair_is_not_used(here: Here, text: str) -> None:
    here.ring().generate()
    (here.path / "node.key").write_text(text, encoding="utf-8")
    with pytest.raises(KeysError, match=r"node.key (holds no key pair|is not text)"):
        here.ring()


def test_who_is_allowed_is_let_in_and_nobody_else(here: Here) -> None:
    first, second = key(), key()
    ring = here.ring()
    ring.allow("b", first)
    ring.allow("b", second)
    for looking in (ring, here.ring()):
        assert looking.standing(first)[:2] == ("allowed", "b")
        assert looking.standing(key()).word == "unknown"
        assert looking.keys_of("b") == (second, first)
        assert looking.keys_of("c") == ()
    ring.allow("b", first)
    assert ring.keys_of("b") == (first, second)


@pytest.mark.parametrize("name", ["", "../b", ".b", "a b", "a/b", "x" * 129])
def test_a_name_that_is_no_name_is_refused(here: Here, name: str) -> None:
    with pytest.raises(KeysError, match="no name of a node"):
        here.ring().allow(name, key())


@pytest.mark.parametrize("text", ["", "short", "x" * 39 + "~", "#" * 40, "x" * 41])
def test_a_text_that_is_no_key_is_refused(here: Here, text: str) -> None:
    with pytest.raises(KeysError, match="is no public key"):
        here.ring().allow("b", text)


def test_a_key_belongs_to_one_name(here: Here) -> None:
    ring, one = here.ring(), key()
    own = ring.generate()
    ring.allow("b", one)
    with pytest.raises(KeysError, match="is the one of b already"):
        ring.allow("c", one)
    with pytest.raises(KeysError, match="is this node's own"):
        ring.allow("c", own.public)


def test_a_revoked_key_is_never_let_in_again(here: Here) -> None:
    ring, first, second = here.ring(), key(), key()
    ring.allow("b", first)
    ring.allow("b", second)
    assert ring.revoke("b", first) == [first]
    assert ring.keys_of("b") == (second,)
    assert ring.revoke("b") == [second]
    for looking in (ring, here.ring(b=first)):  # not by the configuration either
        assert looking.standing(first) == ("revoked", "b", here.time, False)
        assert looking.keys_of("b") == ()
        with pytest.raises(KeysError, match="is revoked; ask for a new one"):
            looking.allow("b", first)
    assert not (here.path / "allowed" / "b.pub").exists()


def test_who_has_no_key_can_not_lose_one_and_the_nearest_name_is_told(here: Here) -> None:
    ring = here.ring()
    ring.allow("node-b", key())
    with pytest.raises(
        KeysError, match="node-d has no key that is let in; there are keys of node-b"
    ):
        ring.revoke("node-d")
    with pytest.raises(KeysError, match="node-b has no key 'x'"):
        ring.revoke("node-b", "x")


def test_a_key_from_the_configuration_can_be_revoked(here: Here) -> None:
    one = key()
    ring = here.ring(b=one)
    assert ring.standing(one).is_configured
    assert ring.keys_of("b") == (one,)
    ring.revoke("b")
    assert here.ring(b=one).standing(one).word == "revoked"


def test_a_key_that_was_replaced_is_let_in_for_a_while(here: Here) -> None:
    ring, old, new = here.ring(), key(), key()
    ring.allow("b", old)
    ring.allow("b", new, overlap=DAY)
    assert ring.standing(old) == ("allowed", "b", here.time + DAY, False)
    here.time += DAY
    assert ring.standing(old).word == "expired"
    assert ring.keys_of("b") == (new,)
    assert ring.refresh()
    assert not ring.refresh()


def test_a_rotation_takes_effect_at_its_date(here: Here) -> None:
    ring = here.ring()
    old = ring.generate()
    new = ring.rotate(DAY)
    assert (ring.pair, ring.next_pair, ring.announced) == (old, new, new.public)
    with pytest.raises(KeysError, match="a rotation is under way"):
        ring.rotate(1)
    ring.refresh()
    here.time += DAY - 1
    assert not ring.refresh()
    here.time += 1
    assert ring.refresh()
    assert (ring.pair, ring.next_pair, ring.announced) == (new, None, new.public)
    assert here.ring().pair == new
    assert sorted(path.name for path in here.path.iterdir()) == ["node.key"]


def test_a_rotation_may_be_at_once(here: Here) -> None:
    ring = here.ring()
    old = ring.generate()
    assert ring.rotate(0) == ring.pair != old


def test_a_peer_teaches_its_next_key_and_a_stranger_does_not(here: Here) -> None:
    ring, old, new = here.ring(), key(), key()
    assert not ring.learn("b", new)
    ring.allow("b", old)
    assert ring.learn("b", new)
    assert not ring.learn("b", new)
    assert not ring.learn("b", "nonsense")
    ring.revoke("b", old)
    assert not ring.learn("b", old)
    assert ring.keys_of("b") == (new,)
    ring.learn("b", key())
    here.time += OVERLAP
    assert ring.standing(new).word == "expired"


def test_what_a_command_changes_is_seen_by_a_running_node(here: Here) -> None:
    ring, one = here.ring(), key()
    ring.generate()
    ring.refresh()
    assert not ring.refresh()
    here.ring().allow("b", one)
    assert ring.refresh()
    assert ring.standing(one).word == "allowed"
    here.ring().revoke("b")
    assert ring.refresh()
    assert ring.standing(one).word == "revoked"


def test_a_list_that_others_may_write_to_lets_nobody_in_and_harms_no_other(here: Here) -> None:
    ring, bad, good = here.ring(), key(), key()
    ring.allow("bad", bad)
    ring.allow("good", good)
    (here.path / "allowed" / "bad.pub").chmod(0o664)
    ring = here.ring()
    assert (ring.standing(bad).word, ring.standing(good).word) == ("unknown", "allowed")
    (fault,) = ring.faults
    assert "bad.pub is not used: others may write to it (mode 664)" in fault


def test_a_list_may_be_written_by_hand(here: Here) -> None:
    one, two = key(), key()
    folder = here.path / "allowed"
    folder.mkdir(parents=True)
    (folder / "b.pub").write_text(f"# b's keys\n\n{one} 2100-01-01T00:00:00+00:00\n{two}\n")
    (folder / "c.pub").write_text(f"{key()} tomorrow\n")
    (folder / ".hidden.pub").write_text("x")
    ring = here.ring()
    assert ring.keys_of("b") == (two, one)
    assert len(ring.faults) == 2
    assert "has a line that is no public key" in " ".join(ring.faults)


def test_a_directory_that_can_not_be_written_to_is_told(here: Here, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeysError, match="keys"):
        here.ring().generate()
