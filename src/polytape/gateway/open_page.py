"""The page at `/open`: it trades the code of its fragment for a token, puts that where only pages
of this gateway find it (`sessionStorage`: one tab, one port), and goes on to the home page.
"""

from base64 import b64encode
from hashlib import sha256

SESSION_KEY = "polytape-session"
_SCRIPT = f"""
const code = new URLSearchParams(location.hash.slice(1)).get("code");
history.replaceState(null, "", "/open");
const say = (text) => {{ document.querySelector("p").textContent = text; }};
async function open() {{
  if (!code) {{ say("There is no code here: run polytape open."); return; }}
  const answer = await fetch("/api/v1/session", {{
    method: "POST",
    headers: {{ "Content-Type": "application/json" }},
    body: JSON.stringify({{ code }}),
  }});
  const body = await answer.json();
  if (!answer.ok) {{ say(body.detail); return; }}
  sessionStorage.setItem("{SESSION_KEY}", body.token);
  location.replace("/");
}}
open().catch(() => say("The gateway does not answer."));
"""
_HASH = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
# The one script, and requests to this gateway; nothing else.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'none'; script-src 'sha256-{_HASH}'"
)
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>polytape gateway</title>'
    f"<p role=status>Opening ...</p><script>{_SCRIPT}</script></html>"
)
