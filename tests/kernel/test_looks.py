"""How many people somebody may look at, by what the role is there for."""

from __future__ import annotations

from ejd.kernel.looks import DAY, HOUR, MICROSECONDS, passed, quotas


def test_who_reads_the_whole_school_may_look_at_ten_times_as_many() -> None:
    hour, day = quotas({"teacher"}, hour_max=3, day_max=5)
    assert ((hour.people, hour.window), (day.people, day.window)) == ((3, HOUR), (5, DAY))
    for role in ("head", "deputy-head", "api-client"):
        assert [one.people for one in quotas({"teacher", role}, hour_max=3, day_max=5)] == [30, 50]


def test_what_is_within_the_window_counts_and_must_be_more_than_may_be() -> None:
    hour, _ = quotas({"teacher"}, hour_max=2, day_max=9)
    now = 5 * DAY
    old, recent = now - HOUR, now - HOUR + MICROSECONDS
    assert passed(hour, [old, recent, now], now) == 0
    assert passed(hour, [recent, recent, now], now) == 3
