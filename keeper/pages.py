"""How pages look: one HTML file each, which needs nothing beside it."""

from html import escape
from pathlib import Path
from typing import Final

_STYLE: Final = """
:root { --ink: #27303f; --faint: #dfe3ea; --soft: #6a7486; --good: #17876d;
        --bad: #c2325a; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f9; color: var(--ink);
       font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 0 0 12px; }
p.lead { color: var(--soft); margin: 0 0 24px; }
section { background: #fff; border: 1px solid var(--faint); border-radius: 10px;
          padding: 18px 20px; margin-bottom: 18px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 500; }
td, th { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--faint); }
td:not(:first-child), th:not(:first-child) { text-align: right;
  font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; display: block; }
"""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{heading}</h1>
<p class="lead">{lead}</p>
{body}
</main>
</body>
</html>
"""


def build(title: str, heading: str, lead: str, body: str, style: str) -> str:
    """Return a page; ``body`` is HTML, ``style`` what it needs beside what all have."""
    return _PAGE.format(
        title=escape(title),
        heading=escape(heading),
        lead=escape(lead),
        body=body,
        style=_STYLE + style,
    )


def write(page: str, path: Path) -> None:
    """Write a page whole or not at all, into a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(page)
    draft.replace(path)
