"""Which things to take up so that nested needs are met at the least cost, each with a charge of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

MOST = 20_000
"""Steps of a search that may pay; a larger one is given up."""
NEAR = 1e-9
"""A need is met, and one cost no less than another, within this."""
FREE, TAKEN, LEFT = 0, 1, -1


class Need(NamedTuple):
    """At least `least`, of what each thing adds if it is done wholly."""

    gains: Sequence[float]
    least: float


def taken_up(
    once: Sequence[float], along: Sequence[float], needs: Sequence[Need], *, most: int = MOST
) -> set[int] | None:
    """The things to take up, by their places, so that all needs can be met at the least cost; none after `most` steps.

    A thing costs `once` for being taken up at all, and `along` times the share of it that is done. Needs must be
    nested: of two that have a thing in common one counts all that the other does, in the same proportions, as in a tree
    of weighted sums. They must be such that all things together meet them.

    Branch and bound after Land and Doig (1960), *Econometrica* 28, 497-520. The bound spreads a charge over its thing,
    so that needs are met by what is cheapest for what it adds, the innermost need first.

        >>> taken_up([1, 1], [0.5, 0.2], [Need([30, 20], 25)])
        {0}
    """
    held = sorted((_members(once, along, need) for need in needs), key=lambda each: len(each.gains))
    least, found = math.inf, set[int]()
    waiting = [(0.0, (FREE,) * len(once))]
    for _ in range(most):
        if not waiting:
            return found
        bound, states = waiting.pop()
        shares = _shares(held, states) if bound < least - NEAR else None
        if shares is None:
            continue
        parts = [place for place, share in enumerate(shares) if 0 < share < 1 and states[place] == FREE]
        whole = sum(
            along[place] * share + once[place]
            for place, share in enumerate(shares)
            if share or states[place] == TAKEN
        )
        bound = whole - sum(once[place] * (1 - shares[place]) for place in parts)
        if whole < least - NEAR:
            least, found = whole, {place for place, share in enumerate(shares) if share}
        if parts and bound < least - NEAR:
            place = max(parts, key=lambda part: once[part] * (1 - shares[part]))
            waiting += [(bound, (*states[:place], state, *states[place + 1 :])) for state in (LEFT, TAKEN)]
    return None


class _Members(NamedTuple):
    """A need's things and what each adds; the same with their states, free or taken, the cheapest for what it adds
    first."""

    gains: list[tuple[int, float]]
    cheapest: list[tuple[int, float, int]]
    least: float


def _members(once: Sequence[float], along: Sequence[float], need: Need) -> _Members:
    gains = [(place, gain) for place, gain in enumerate(need.gains) if gain > 0]
    priced = [
        ((along[place] + (once[place] if state == FREE else 0.0)) / gain, place, gain, state)
        for place, gain in gains
        for state in (FREE, TAKEN)
    ]
    return _Members(gains, [(place, gain, state) for _, place, gain, state in sorted(priced)], need.least)


def _shares(inner_first: Sequence[_Members], states: Sequence[int]) -> list[float] | None:
    """How much of each thing meets the needs at the least cost, were a part of a charge due for a part of its thing;
    none where they cannot be met."""
    shares = [0.0] * len(states)
    for gains, cheapest, least in inner_first:
        short = least - sum([gain * shares[place] for place, gain in gains])
        if short <= NEAR:
            continue
        for place, gain, state in cheapest:
            if states[place] != state:
                continue
            done = min(1 - shares[place], short / gain)
            shares[place] += done
            short -= done * gain
            if short <= NEAR:
                break
        else:
            return None
    return shares
