"""What chance alone makes of a rate: exact limits for counted events, and whether they scatter more than that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

TAIL = 0.001
"""The probability beyond each limit: 3.09 standard deviations of a normal curve."""
FEWEST_SPREAD = 20
"""Points from which a scatter beyond chance can be estimated."""
LEAST_VARIANCE = 5.0
"""The median variance of the counts below which their scatter says little: they are too few."""
WINSORISED = 0.1
"""The part of the points at either end that is drawn in before the scatter is estimated."""
MOST_CASES = 10_000
"""Cases up to which the least number that can tell anything is sought."""


@dataclass(frozen=True)
class Limits:
    """The limits of a chart with one centre: events by exposure (Poisson), or events among cases (`binomial`).

    `phi` is the estimated over-dispersion, missing where nothing can be said of it; `stretched` whether limits lie √phi
    times as far from the centre for it.
    """

    centre: float
    binomial: bool
    phi: float
    stretched: bool

    @classmethod
    def of(cls, events: np.ndarray, exposure: np.ndarray, *, binomial: bool, units: bool) -> Limits:
        """Limits about the pooled rate of these points, exposures all above 0; missing for none.

        `units` beside one another differ by more than chance without any of them being remarkable: `phi` is the mean
        square of their standardised, winsorised points, and is applied where it exceeds 1 by two standard errors, 2 √(2
        ÷ points). It is estimated from at least 20 points with counts that are large enough. Over the periods of one
        unit such scatter is itself what the chart is to show, and nothing is stretched.

        Source: Spiegelhalter (2005), *Statistics in Medicine* 24, 1185-1202, section 4.
        """
        total = float(exposure.sum())
        centre = float(events.sum()) / total if total > 0 else np.nan
        expected = centre * exposure
        variance = expected * (1 - centre) if binomial else expected
        if not units or len(events) < FEWEST_SPREAD or not np.median(variance) >= LEAST_VARIANCE:
            return cls(centre, binomial, np.nan, False)
        away = (events - expected) / np.sqrt(variance)
        drawn_in = np.clip(away, *np.quantile(away, [WINSORISED, 1 - WINSORISED]))
        phi = float((drawn_in**2).mean())
        return cls(centre, binomial, phi, phi > 1 + 2 * (2 / len(events)) ** 0.5)

    def at(self, exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit of the rate at each exposure above 0; missing where no count can be beyond it.

        A count at a limit or beyond it has a probability of at most 0.001; between whole numbers limits run on smoothly
        with the incomplete gamma and beta functions.
        """
        if self.binomial:
            none, most = (1 - self.centre) ** exposure, exposure
            low, high = (special.bdtrik(tail, exposure, self.centre) for tail in (TAIL, 1 - TAIL))
        else:
            none, most = np.exp(-self.centre * exposure), np.full_like(exposure, np.inf)
            low, high = (special.pdtrik(tail, self.centre * exposure) for tail in (TAIL, 1 - TAIL))
        stretch = np.sqrt(self.phi) if self.stretched else 1.0
        lower, upper = (
            self.centre + stretch * (counts / exposure - self.centre) for counts in (low, high + 1)
        )
        return (
            np.where((none <= TAIL) & (lower >= 0), lower, np.nan),
            np.where(upper * exposure <= most, upper, np.nan),
        )

    def least_cases(self) -> int | None:
        """The fewest cases of which some count would be beyond a limit; none up to 10,000 is none."""
        cases = np.arange(1.0, MOST_CASES + 1)
        lower, upper = self.at(cases)
        telling = ~(np.isnan(lower) & np.isnan(upper))
        return int(cases[telling][0]) if telling.any() else None
