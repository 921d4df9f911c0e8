"""Ways to spoil a good XML file, as Hypothesis strategies."""

import re
from typing import Final

from hypothesis import strategies as st

__all__ = ["spoiled"]

_NASTY_TEXTS: Final = (
    "", " ", "0", "-1", "1.5", "999999", "9" * 5_000, "nan", "1e999", "false",
    "Пн", "٣", "²", "]]>", "\x00", "&#0;", "&x;", "A" * 500,

)  # fmt: skip


@st.composite
def spoiled(draw: st.DrawFn, good: bytes) -> bytes:
    """Return `good` cut off, with bytes overwritten, or with elements emptied, doubled, dropped or refilled."""
    how = draw(st.sampled_from(("cut", "overwrite", "texts", "pieces")))
    if how == "cut":
        return good[: draw(st.integers(0, len(good)))]
    if how == "overwrite":
        start = draw(st.integers(0, len(good)))
        return good[:start] + draw(st.binary(max_size=8)) + good[start + draw(st.integers(0, 40)) :]
    text = good.decode()
    for _ in range(draw(st.integers(1, 4))):
        text = _with_other_text(draw, text) if how == "texts" else _with_other_pieces(draw, text)
    return text.encode()


def _with_other_text(draw: st.DrawFn, text: str) -> str:
    """Refill what stands between > and <, or between quotes."""
    places = list(re.finditer(r">([^<]*)<|\"([^\"]*)\"", text))
    if not places:
        return text
    found = draw(st.sampled_from(places))
    group = 1 if found.group(1) is not None else 2
    return text[: found.start(group)] + draw(st.sampled_from(_NASTY_TEXTS)) + text[found.end(group) :]


def _with_other_pieces(draw: st.DrawFn, text: str) -> str:
    """Drop or double one element that has no elements in it, or one line."""
    leaves = list(re.finditer(r"<(\w+)[^<>]*>[^<]*</\1>|<\w+[^<>]*/>|^.*$", text, re.MULTILINE))
    if not leaves:
        return text
    found = draw(st.sampled_from(leaves))
    return text[: found.start()] + found.group() * draw(st.sampled_from((0, 2))) + text[found.end() :]
