"""The page around a notebook's results: one file, in colours of the theme, that prints on its paper."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from string import Template

from riskkit import texts
from riskkit.report.theme import LOGO, theme

FONTS = ("Microsoft YaHei", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC")
"""Tried after the theme's own."""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Even if something slipped in, a browser would neither run nor fetch it."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>$title</title>
<style>
$style</style>
</head>
<body>
<table class="rk-page" role="presentation">
<thead><tr><td><div class="rk-running">$logo<b>$marking</b><span>$title</span></div></td></tr></thead>
<tbody><tr><td><main>
$body
</main></td></tr></tbody>
</table>
</body>
</html>
""")

_STYLE = Template("""html { background: #$paper; }
body { margin: 0; color: #$ink; font: 15px/1.55 $fonts; }
.rk-page { width: 100%; max-width: 62rem; table-layout: fixed; margin: 0 auto; background: #$white;
  border-collapse: collapse; }
.rk-page > thead > tr > td, .rk-page > tbody > tr > td { padding: 0 2.2rem; }
.rk-running { display: flex; align-items: end; gap: 1rem; padding: .9rem 0 .4rem;
  border-bottom: 1px solid #$hairline; font-size: .8rem; color: #$grey; }
.rk-running b { color: #$bad; white-space: nowrap; }
.rk-running span { margin-left: auto; }
.rk-logo { max-height: 2.2rem; max-width: 12rem; padding: .25rem .5rem; background: #$rule; }
main { display: block; padding: 1rem 0 3rem; }
.rk-cell { margin: 0 0 .6rem; overflow-x: auto; }
.rk-table { font-variant-numeric: tabular-nums; }
.dataframe { border-collapse: collapse; font-size: .88em; margin: .4em 0; }
.dataframe th, .dataframe td { border: 0; border-bottom: 1px solid #$hairline; padding: .25em .6em;
  text-align: right; }
.dataframe thead th { border-bottom: 1.5px solid #$rule; color: #$grey; }
.rk-chart { max-width: 100%; height: auto; display: block; margin: .4rem 0; }
pre { white-space: pre-wrap; }
a { color: #$rule; }
.anchor-link { display: none; }
@media screen and (max-width: 40rem) {
  .rk-page > thead > tr > td, .rk-page > tbody > tr > td { padding: 0 1rem; }
  .rk-tiles, .rk-tiles tbody, .rk-signatures, .rk-signatures tbody { display: block; }
  .rk-tiles tr { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; }
  .rk-signatures tr { display: grid; grid-template-columns: auto 1fr; }
  .rk-table { width: 100%; }
  .rk-table th, .rk-table td { min-width: 0 !important; padding: .3em .4em !important; white-space: normal !important; }
  .rk-cards, .rk-cards tbody, .rk-cards th[scope=row] { display: block; }
  .rk-cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rk-cards tr { display: grid; grid-template-columns: 1fr 1fr; column-gap: 1rem; padding: .4rem 0;
    border-bottom: 1px solid #$hairline; }
  .rk-cards th[scope=row], .rk-cards .rk-long { grid-column: 1 / -1; max-width: none !important; }
  .rk-cards th[scope=row] { font-weight: 600 !important; }
  .rk-cards th[scope=row], .rk-cards td { border: 0 !important; padding: .1em 0 !important; }
  .rk-cards td { display: flex; justify-content: space-between; gap: .6em; text-align: right !important;
    overflow-wrap: anywhere; }
  .rk-cards td::before { content: attr(data-label); flex: none; max-width: 60%; color: #$grey; font-size: .88em;
    font-weight: 400; text-align: left; overflow-wrap: normal; }
  .rk-cards .rk-long { justify-content: flex-start; text-align: left !important; }
  .rk-cards td:empty { display: none; }
  .rk-chart { max-width: none; width: 34rem; }
}
@page { size: $sheet; margin: 11mm 13mm 14mm;
  @bottom-center { content: counter(page) " / " counter(pages); font-size: 8pt; } }
@media print {
  html { background: none; }
  body { font-size: 9.5pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .rk-page { max-width: none; }
  .rk-page > thead > tr > td, .rk-page > tbody > tr > td { padding: 0; }
  main { padding: 0; }
  .rk-cell { overflow: visible; }
  .rk-heading { break-after: avoid; }
  .rk-chart { break-inside: avoid; max-width: 158mm; max-height: 218mm; }
  .rk-tiles td { padding: .4em .7em !important; }
  .rk-tiles b { white-space: nowrap; }
  .rk-note { margin: .15em 0 !important; line-height: 1.45; }
  a { text-decoration: none; }
  .rk-table { width: 100%; font-size: 8.5pt !important; }
  .rk-signatures { break-inside: avoid; width: 100%; }
  .rk-table td { min-width: 0 !important; padding: .2em .45em !important; }
  .rk-table th { padding: .2em .45em !important; }
  .rk-table tr { break-inside: avoid; }
  .rk-table:not(:has(tr:nth-child(9))) { break-inside: avoid; }
  .rk-table tbody tr:nth-child(-n+2) { break-after: avoid; }
  .rk-table tbody tr:nth-last-child(-n+5) { break-before: avoid; }
  .rk-cell:not(:has(table, img)) { break-inside: avoid; break-after: avoid; }
}
""")


def page(body: str, *, title: str, marking: str, lang: texts.Language) -> str:
    """A whole page around `body`, which must be safe already; the marking stands on top of every printed sheet."""
    colours = theme().colours
    fonts = ",".join(f"'{name}'" for name in dict.fromkeys((theme().font, *FONTS)))
    style = _STYLE.substitute(fonts=f"{fonts},sans-serif", sheet=theme().page.paper, **colours.model_dump())
    language = {"zh": "zh-CN", "en": "en"}[lang]
    words = {"title": escape(title), "marking": escape(marking), "logo": _logo(lang)}
    return _PAGE.substitute(language=language, policy=POLICY, style=style, body=body, **words)


def _logo(lang: texts.Language) -> str:
    logo = LOGO.get()
    if logo is None:
        return ""
    source = f"data:image/png;base64,{b64encode(logo.png).decode()}"
    return f'<img class="rk-logo" alt="{escape(logo.name[lang])}" src="{source}">'
