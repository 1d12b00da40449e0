"""HTML for evidence on paper: what is not `Html` is text and is escaped; no scripts, nothing loaded from elsewhere."""

from html import escape


class Html(str):
    """Markup that is safe to print: made by `tag` and `page` alone."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Html:
    """An element; text in it is escaped, None is left out; `class_` is class, `data_x` data-x."""
    inside = "".join(
        child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None
    )
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{shown}>{inside}</{name}>")


def rows(head: tuple[str, ...], body: list[Html]) -> Html:
    """A table whose head is repeated on every page."""
    return tag("table", tag("thead", tag("tr", *(tag("th", cell) for cell in head))), tag("tbody", *body))


def page(language: str, title: str, *body: Html) -> str:
    """A whole document, A4."""
    head = Html(f'<meta charset="utf-8">{NOTHING_LOADED}{tag("title", title)}{tag("style", Html(STYLE))}')
    document = tag("html", tag("head", head), tag("body", *body), lang={"zh": "zh-CN"}.get(language, language))
    return f"<!DOCTYPE html>\n{document}\n"


NOTHING_LOADED = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
STYLE = """
@page { size: A4; margin: 18mm 15mm 20mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.5 "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", SimSun, Georgia, serif; color: #111;
  max-width: 180mm; margin: 0 auto; padding: 6mm 0; }
h1 { font-size: 17pt; margin: 0 0 1mm; border-bottom: 1.5pt solid #111; padding-bottom: 2mm; }
h2 { font-size: 12pt; margin: 7mm 0 2mm; break-after: avoid; }
p { margin: 1mm 0; }
.note { color: #444; font-size: 9pt; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .6mm 5mm; margin: 2mm 0; }
dt { color: #555; } dd { margin: 0; overflow-wrap: anywhere; }
blockquote { margin: 2mm 0; padding: 2mm 4mm; border-left: 2pt solid #888; white-space: pre-wrap;
  overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: 9.5pt; }
th { text-align: left; border-bottom: 1pt solid #111; padding: 1mm 2mm 1mm 0; font-weight: 600; }
td { border-bottom: .4pt solid #bbb; padding: 1.2mm 2mm 1.2mm 0; vertical-align: top; overflow-wrap: anywhere; }
td.n { text-align: right; padding-right: 3mm; white-space: nowrap; color: #555; }
td.t { width: 23mm; font-variant-numeric: tabular-nums; }
td.s, td.s code { white-space: nowrap; }
tr { break-inside: avoid; }
code { font: 8.5pt/1.4 "Noto Sans Mono", "DejaVu Sans Mono", Consolas, monospace; overflow-wrap: anywhere; }
.late { font-weight: 700; }
@media screen { body { padding: 10mm 6mm; } }
"""
