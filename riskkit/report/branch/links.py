"""From a figure to its detail and from an item to its evidence: links within one workbook."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskkit.report.sheets import Sheet


@dataclass
class Links:
    """Cells known by what stands in them, and cells that lead there; tied together when every sheet is written."""

    known: dict[tuple[str, str], str] = field(default_factory=dict)
    wanted: list[tuple[Sheet, int, int, int, tuple[str, str]]] = field(default_factory=list)

    def mark(self, kind: str, name: str, sheet: Sheet, column: int = 1, *, row: int | None = None) -> None:
        """Remember where something stands, the first time it does."""
        self.known.setdefault((kind, name), sheet.ref(column, row or sheet.row))

    def lead(
        self, sheet: Sheet, column: int, kind: str, name: str, *, span: int = 1, row: int | None = None
    ) -> None:
        """Let a cell lead to something, if it stands anywhere."""
        self.wanted.append((sheet, column, span, row or sheet.row, (kind, name)))

    def tie(self) -> None:
        """Make the links."""
        for sheet, column, span, row, key in self.wanted:
            if key in self.known:
                sheet.link(column, self.known[key], span=span, row=row)
