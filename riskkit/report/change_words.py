"""Whether changes are real, and what the evidence cannot say, in words."""

from __future__ import annotations

from typing import Any

from riskkit.analysis.real_change import CANNOT_SAY, LEAST_SHARE, NOT_SHOWN, REAL
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.figures import row_of
from riskkit.report.sheets import CENTRED
from riskkit.report.tables import silent_sentences


def real_changes(book: Book) -> str:
    """How many units' changes since the last period are real, how many may be chance, and of how many nothing can be
    said."""
    real, before = book.pack.real, book.pack.before
    if real is None or before is None:
        return book.say("real.first")
    if real.empty:
        return book.say("real.nobody", before=before.period)
    counts = {name: int((real["verdict"] == name).sum()) for name in (REAL, NOT_SHOWN, CANNOT_SAY)}
    up = int((real.loc[real["verdict"] == REAL, "change"] > 0).sum())
    key = "some" if counts[REAL] else "none" if counts[NOT_SHOWN] else "nothing"
    found = {"n": len(real), "real": counts[REAL], "up": up, "down": counts[REAL] - up}
    words = book.say(f"real.{key}", before=before.period, **found)
    if counts[REAL] and counts[NOT_SHOWN]:
        words += book.say("real.chance", n=counts[NOT_SHOWN])
    if counts[CANNOT_SAY]:
        words += book.say("real.cannot", n=counts[CANNOT_SAY], least=f"{LEAST_SHARE:.0%}")
    return book.say("message.stop", text=words)


def real_change_of(book: Book, unit: str) -> str:
    """Whether a unit's change since the last period is real, against what could have been detected."""
    real = book.pack.real
    if real is None or unit not in real.index:
        return book.say("real.unit.first")
    row: Any = row_of(real, unit)
    share = f"{row['share'] if row['share'] == row['share'] else 0.0:.0%}"
    if row["verdict"] == CANNOT_SAY:
        return book.say("real.unit.cannot", share=share, least=f"{LEAST_SHARE:.0%}")
    size, detectable = (book.number(abs(row[name])) for name in ("change", "detectable"))
    if float(size) == 0:
        return book.say("real.unit.same", share=share)
    words = book.say(f"real.unit.{'rose' if row['change'] > 0 else 'fell'}", change=size, share=share)
    if row["verdict"] == REAL:
        key = "real" if float(detectable) else "census"
    else:
        key = "within" if abs(row["change"]) <= row["detectable"] else "beyond"
    return words + book.say(f"real.unit.{key}", detectable=detectable)


def real_cells(book: Book, unit: str) -> list[object]:
    """A unit's change on what both periods measured, what could have been detected, and the verdict."""
    real = book.pack.real
    if real is None or unit not in real.index:
        return [Shown(NOTHING, CENTRED.but(colour="grey"))] * 3
    row: Any = row_of(real, unit)
    cannot = row["verdict"] == CANNOT_SAY
    change = round(float(row["change"]), book.decimals)
    look = CENTRED.but(
        colour={REAL: "ink", NOT_SHOWN: "grey"}.get(row["verdict"], "warn"), bold=row["verdict"] == REAL
    )
    return [
        Shown(change, book.change_look(change, CENTRED)),
        NOTHING if cannot else float(row["detectable"]),
        Shown(verdict(book, row["verdict"]), look),
    ]


def verdict(book: Book, name: str) -> str:
    """A verdict in a word or two."""
    return book.say(f"real.verdict.{name}")


def silence(book: Book) -> list[str]:
    """What the evidence cannot say of how sure results are, a sentence a reason."""
    return silent_sentences(book.pack.silent, book.model, book.lang)
