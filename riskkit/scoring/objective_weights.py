"""Weights read off the data: entropy (熵权法), CRITIC and standard deviation; and weight vectors combined.

They weigh what tells units apart in one period's data, and change with the data: for comparison beside a model's
weights, never official unless a model is given them. All take a table of units × items; the order of units does not
matter. An item without two different values tells nobody apart and weighs 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from riskkit.errors import DataRefused, Misuse, Problem, unknown

Correlation = Literal["pearson", "spearman"]
_CORRELATIONS = ("pearson", "spearman")
_SAME = 1e-12


def entropy_weights(table: pd.DataFrame) -> pd.Series:
    """Shannon entropy weights: an item weighs more the more unevenly the units share in it.

    `table`: units × items, not negative, on scales with a true zero. With p_ij = x_ij ÷ Σ_i x_ij and m units:
    e_j = −Σ_i p_ij ln p_ij ÷ ln m (0 ln 0 = 0), w_j = (1 − e_j) ÷ Σ (1 − e). Gives weights by item, summing to 1; the
    same whatever positive number an item is multiplied by. A missing value leaves its unit out of its item (m is then
    smaller there). Raises `DataRefused` listing every negative, infinite or non-numeric value, and where no item tells
    units apart. Source: Shannon (1948); as a weight, Zeleny (1982), *Multiple Criteria Decision Making*.

        >>> table = pd.DataFrame({"A": [5, 7, 8, 7], "B": [8, 6, 8, 4], "C": [4, 8, 6, 6]})
        >>> entropy_weights(table).round(3).to_dict()
        {'A': 0.178, 'B': 0.452, 'C': 0.37}
    """
    values = _checked(table, negative=False)
    varied = values.loc[:, _varied(values)]
    shares = varied / varied.sum()
    entropy: pd.Series = -(shares * np.log(shares.where(shares > 0, 1.0))).sum() / np.log(varied.count())
    return _weights(1.0 - entropy, table)


def critic_weights(table: pd.DataFrame, *, correlation: Correlation = "pearson") -> pd.Series:
    """CRITIC: an item weighs more the more units differ on it and the less the other items say the same.

    `table`: units × items, higher is better on every one, as points are. Each item is stretched to 0-1 (lowest to
    highest); C_j = sd_j × Σ_k (1 − r_jk), w_j = C_j ÷ Σ C. Gives weights by item, summing to 1; the same whatever
    positive number an item is multiplied by and whatever is added. A missing value is left out of its item's deviation
    and, pair by pair, of the correlations; two items with nothing to correlate count as r = 0. Raises `DataRefused` for
    infinite and non-numeric values, and where no item differs or all say the same; `Misuse` for an unknown
    correlation. Source: Diakoulaki, Mavrotas and Papayannakis (1995), Computers & Operations Research 22(7), 763-770.

        >>> critic_weights(assessment.scores(2), correlation="spearman")
    """
    if correlation not in _CORRELATIONS:
        raise unknown("unknown_correlation", correlation, _CORRELATIONS)
    values = _checked(table)
    stretched = _stretched(values.loc[:, _varied(values)])
    related = stretched.corr(method=correlation).fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(related, 1.0)
    return _weights(stretched.std(ddof=0) * (1.0 - related).clip(min=0.0).sum(axis=1), table)


def standard_deviation_weights(table: pd.DataFrame) -> pd.Series:
    """Standard-deviation weights: an item weighs more the more units differ on it.

    `table`: units × items. Each item is stretched to 0-1 (lowest to highest); w_j = sd_j ÷ Σ sd. Gives weights by item,
    summing to 1; the same whatever an item is multiplied by (negative too) and whatever is added. A missing value is
    left out of its item. Raises `DataRefused` for infinite and non-numeric values, and where no item differs. Source:
    Diakoulaki, Mavrotas and Papayannakis (1995), where it stands beside CRITIC.

        >>> standard_deviation_weights(pd.DataFrame({"A": [0, 1], "B": [3, 9], "C": [2, 2]})).tolist()
        [0.5, 0.5, 0.0]
    """
    values = _checked(table)
    return _weights(_stretched(values.loc[:, _varied(values)]).std(ddof=0), table)


def _stretched(values: pd.DataFrame) -> pd.DataFrame:
    return (values - values.min()) / (values.max() - values.min())


def _varied(values: pd.DataFrame) -> pd.Series:
    """Items with two different values; what rounding leaves behind is no difference."""
    spread = values.max() - values.min()
    return spread > _SAME * values.abs().max()


def _weights(importance: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Shares of the total; items left out weigh 0."""
    total = float(importance.sum())
    if not total > _SAME:
        raise DataRefused("table_refused", [Problem("objective.nothing_differs")])
    return (importance / total).reindex(table.columns, fill_value=0.0).rename("weight")


def _checked(table: pd.DataFrame, *, negative: bool = True) -> pd.DataFrame:
    """The table as numbers; or every cell that cannot be used."""
    problems = []
    columns = {}
    for item in table.columns:
        column = pd.to_numeric(table[item], errors="coerce").astype("float64")
        broken = (column.isna() & table[item].notna()) | np.isinf(column)
        faults = {"not_a_number": broken, "negative": (column < 0) & ~broken & (not negative)}
        problems += [
            Problem(f"objective.{code}", cell=f"{unit} / {item}", values={"found": str(table[item][unit])})
            for code, wrong in faults.items()
            for unit in table.index[wrong]
        ]
        columns[item] = column
    if problems:
        raise DataRefused("table_refused", problems)
    return pd.DataFrame(columns, index=table.index)


# --- combinations


def combine_linear(vectors: Sequence[pd.Series], shares: Sequence[float] | None = None) -> pd.Series:
    """Σ share × weights of any number of weight vectors over the same items, in any order; for two, α a + (1 − α) b.

    Each vector is first made to sum to 1, `shares` (from 0 up; by default all alike) too. Gives weights summing to 1.
    Raises `Misuse` for no vector, for other items, for missing or negative weights, and for shares that do not fit.

        >>> combine_linear([experts.weights, critic_weights(table)], [0.7, 0.3])
    """
    frame = _aligned(vectors)
    given = np.ones(len(vectors)) if shares is None else np.asarray(shares, dtype=np.float64)
    if len(given) != len(vectors) or not np.isfinite(given).all() or (given < 0).any() or not given.sum() > 0:
        raise Misuse("combination_shares", found=list(shares or ()), expected=len(vectors))
    return pd.Series(frame.to_numpy() @ (given / given.sum()), index=frame.index, name="weight")


def combine_product(vectors: Sequence[pd.Series]) -> pd.Series:
    """Π weights, made to sum to 1, of any number of weight vectors over the same items, in any order.

    What one vector gives 0 stays 0. Source: Hwang and Yoon (1981), *Multiple Attribute Decision Making*, who join
    weights a person gives with entropy weights so. Raises `Misuse` for no vector, for other items, for missing or
    negative weights, and where every product is 0.

        >>> combine_product([experts.weights, entropy_weights(table)])
    """
    product = _aligned(vectors).prod(axis=1)
    if not product.sum() > 0:
        raise Misuse("combination_empty")
    return (product / product.sum()).rename("weight")


def _aligned(vectors: Sequence[pd.Series]) -> pd.DataFrame:
    """One column a vector, each summing to 1."""
    if not vectors:
        raise Misuse("combination_empty")
    items = list(vectors[0].index)
    for vector in vectors:
        if len(vector) != len(items) or set(vector.index) != set(items):
            raise Misuse(
                "combination_items",
                found=", ".join(map(str, vector.index)),
                expected=", ".join(map(str, items)),
            )
        if not (np.isfinite(vector) & (vector >= 0)).all() or not vector.sum() > 0:
            raise Misuse("combination_values", found=", ".join(f"{weight:g}" for weight in vector))
    frame = pd.DataFrame({place: vector.reindex(items) for place, vector in enumerate(vectors)})
    return frame / frame.sum()
