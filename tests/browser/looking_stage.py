"""The stage set of tests that look at every page: a visitor with a browser, who looks at each page at three widths."""

from __future__ import annotations

import json
from importlib import resources
from typing import NamedTuple

from class_stage import CLASS_TOKEN, TOKEN

WIDTHS = (360, 820, 1920)
TOKENS = {"student": CLASS_TOKEN, "researcher": TOKEN}

_LOADED = "document.readyState === 'complete' && [...document.images].every((one) => one.complete || one.loading === 'lazy')"
_AXE = """axe.run({resultTypes: ["violations"]}).then((found) => found.violations.map((one) =>
  [one.id, one.impact, one.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`).join("\\n")]))"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_POST = """(() => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = %s;
  for (const [name, value] of %s) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  window.isOld = true;
  document.body.append(form);
  form.submit();
})()"""
_EXECUTE = """fetch("/api/schema/pipeline/execute%s", {method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify(%s)}).then((answer) => answer.json())"""


class Finding(NamedTuple):
    """What is wrong with a page: its name, who looked at it at which width, and what was seen."""

    page: str
    visitor: str
    width: int
    rule: str
    impact: str
    what: str


class Visitor:
    """Somebody of a role and a language, in a private window; what is found of pages is in `findings`."""

    def __init__(self, browser, address, role, language, *, dark=False):
        self.role, self.language, self.findings, self.seen = role, language, [], []
        self._address = address
        self.page = browser.page(language=language, dark=dark)
        self.page.call("Page.setBypassCSP", enabled=True)
        source = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
        self.page.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    @property
    def is_researcher(self):
        return self.role == "researcher"

    def log_in(self):
        """By a link with the token of the role."""
        self.page.call("Page.navigate", url=f"{self._address}/?token={TOKENS[self.role]}")
        self.page.until(f"location.search === '' && document.querySelector('#prompt') && {_LOADED}")

    def look(self, name, path, until="true"):
        """Go to a page and look at it."""
        self.page.call("Page.navigate", url=f"{self._address}{path}")
        wanted = f"location.pathname + location.search === {json.dumps(path)}" if until == "true" else until
        self.page.until(f"({wanted}) && {_LOADED}", 20)
        self._judge(name)

    def send(self, name, path, until="true", **fields):
        """Send a form, and look at the page that answers."""
        pairs = [(key, one) for key, value in fields.items() for one in ([value] if isinstance(value, str) else value)]
        self.page.look(_POST % (json.dumps(path), json.dumps(pairs)))
        self.page.until(f"!window.isOld && ({until}) && {_LOADED}")
        self._judge(name)
        return self.page.look("location.pathname")

    def execute(self, schema, text, *, wait=True):
        """What the API answers to a wish for a run, sent from the page that is open."""
        query = "" if wait else "?wait=0"
        return self.page.look(_EXECUTE % (query, json.dumps({"schema": schema, "input_text": text})))

    def _judge(self, name):
        self.seen.append(name)
        for width in WIDTHS:
            self.page.size(width, 800)
            about = (name, f"{self.role} {self.language}", width)
            if (wider := self.page.look(_WIDER)) > 0:
                self.findings.append(Finding(*about, "wider", "serious", f"{wider} pixels"))
            self.findings += [Finding(*about, *found) for found in self.page.look(_AXE)]
