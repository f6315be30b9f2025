"""What the benchmarks' table says of seconds measured; nothing is timed here."""

from __future__ import annotations

import pytest

from tests.bench.race import Line, Race, Side, table


def raced(ours: list[float], **peers: list[float]) -> Race:
    """A race that is over: seconds of riskkit and of its peers."""
    held = object.__new__(Race)
    held.ours = Side(lambda: None, seconds=ours)
    held.peers = {name: Side(lambda: None, seconds=seconds) for name, seconds in peers.items()}
    held.lines = {name: Line("what", "", name) for name in peers}
    return held


def test_a_ratio_is_the_peers_median_over_riskkits() -> None:
    held = raced([2, 1, 90], slow=[8, 9, 7], fast=[4, 4, 4])
    assert held.ratio("slow") == 4
    assert held.fastest() == "fast"


def test_a_wanted_ratio_that_is_missed_fails() -> None:
    held = raced([2, 2, 2], peer=[8, 8, 8])
    held.wants(4, "peer")
    with pytest.raises(AssertionError, match="peer"):
        held.wants(4.1, "peer")
    assert held.lines["peer"].wanted == "≥ 4.1"


def test_the_spread_is_the_interquartile_range_over_the_median_and_a_peer_is_held_against_itself() -> None:
    """Quartiles of 1 … 7 are 2, 4 and 6; rounds 1, 3, 5, 7 have the median 4, rounds 2, 4, 6 too."""
    side = Side(lambda: None, seconds=[1, 2, 3, 4, 5, 6, 7])
    assert side.spread == 1
    assert side.itself == 1


def test_a_round_is_as_long_as_one_of_its_calls() -> None:
    seconds = iter([10.0, 18.0])
    side = Side(lambda: None, number=4, clock=lambda: next(seconds))
    side.round()
    assert side.seconds == [2]


def test_columns_stand_below_one_another() -> None:
    heading, first, second = table([Line("a", "1 ms", "x"), Line("评分", "12 ms", "y")])
    assert heading.index("peer") == first.index("x") == second.index("y") + 2
