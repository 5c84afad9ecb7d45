"""The plain home page, where the one of web/ is not built. No script, nothing from elsewhere."""

from html import escape

from polytape.wire.api.messages import Status

DOCS = "/docs"
_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
code, pre { font: 14px/1.5 ui-monospace, monospace }
pre { padding: .75rem 1rem; border: 1px solid #8886; border-radius: 6px; overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884;
  vertical-align: top }
.method { font-weight: 700; display: inline-block; min-width: 4.5rem }
.note { border-left: 4px solid #c60; padding: .3rem .9rem }
.dim { opacity: .7 }
details { margin: .3rem 0 } summary { cursor: pointer; padding: .2rem 0 }
"""


def home_page(status: Status) -> str:
    """What this gateway is, what it serves, where to look."""
    warning = (
        '<p class="note">The prices of this gateway are <b>made up</b>. '
        "They are for trying things out, never for trading.</p>"
        if status.made_up
        else ""
    )
    rows = "".join(f"<tr><th>{escape(k)}<td>{escape(v)}" for k, v in _facts(status).items())
    return _page(
        "polytape gateway",
        f"{warning}<table>{rows}</table>"
        "<p class=note>The page with charts and scanner is not built: <code>make web</code> in the "
        "checkout does that; packages have it.</p>"
        f'<h2>Look</h2><p><a href="{DOCS}">API</a> · <a href="/status">status</a> · '
        '<a href="/metrics">metrics</a> · <a href="/health">health</a></p>'
        "<h2>Ask</h2><pre>from polytape import PolygonClient\n\n"
        "with PolygonClient() as client:\n"
        '    print(client.bars("SPY", period="5d", timeframe="15min"))</pre>',
    )


def _facts(status: Status) -> dict[str, str]:
    return {
        "source": status.source,
        "version": status.version,
        "started": status.started_at,
        "requests": f"{status.requests:,}",
        "bars served": f"{status.bars_served:,}",
        "questions put to the source": f"{status.fetches:,}",
        "answered from memory": f"{status.answered_from_memory:,}",
    }


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
