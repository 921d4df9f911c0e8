"""Two lessons of one slot: what they both need, in words and by what their groups are."""

from __future__ import annotations

import pytest

from ejd.kernel.placements import Attending

CLASS_5A = Attending("5a", "class", ("5a",))
ENGLISH_1 = Attending("english 1", "subgroup", ("5a",))
ENGLISH_2 = Attending("english 2", "subgroup", ("5a",))
SPORTS = Attending("sports", "stream", ("5a", "5b"))
ALONE = Attending("gleb", "individual", ("5a",))
CLASS_5B = Attending("5b", "class", ("5b",))


@pytest.mark.parametrize(
    ("one", "other", "meets"),
    [
        (CLASS_5A, CLASS_5A, True),
        (CLASS_5A, CLASS_5B, False),
        (CLASS_5A, ENGLISH_1, True),
        (CLASS_5A, SPORTS, True),
        (CLASS_5B, ENGLISH_1, False),
        (ENGLISH_1, ENGLISH_2, False),
        (CLASS_5A, ALONE, False),
    ],
)
def test_where_nobody_looked_at_the_pupils_the_groups_decide(one: Attending, other: Attending, *, meets: bool) -> None:
    assert one.meets(other) is meets
    assert other.meets(one) is meets


def test_where_the_pupils_are_known_they_decide() -> None:
    first, second = (one._replace(pupils=frozenset({"vera"})) for one in (ENGLISH_1, ENGLISH_2))
    assert first.meets(second)
    assert not first.meets(second._replace(pupils=frozenset({"gleb"})))
    assert not first.meets(ENGLISH_2), "one side alone says nothing"
