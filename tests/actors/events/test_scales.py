from __future__ import annotations

from itertools import pairwise

import pytest

from ringleader.actors.events import PressureLevel, Priority


@pytest.mark.parametrize("scale", [Priority, PressureLevel])
def test_words_are_compared_by_their_place_on_the_scale(
    scale: type[Priority | PressureLevel],
) -> None:
    for lower, higher in pairwise(scale):
        assert lower < higher
        assert lower <= higher
        assert higher > lower
        assert higher >= lower
        assert not lower > higher
        assert not higher <= lower
    by_letters = sorted(scale, key=str)
    assert sorted(by_letters) == list(scale)


def test_the_maximum_is_the_real_one_and_not_the_last_in_the_alphabet() -> None:
    levels = [PressureLevel.SOFT, PressureLevel.CRITICAL, PressureLevel.NONE]
    assert max(levels) is PressureLevel.CRITICAL


def test_a_plain_word_can_be_compared_if_the_scale_has_it() -> None:
    assert Priority.URGENT > "high"
    with pytest.raises(ValueError, match="medium"):
        assert Priority.URGENT > "medium"
