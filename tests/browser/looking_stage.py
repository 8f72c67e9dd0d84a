"""The stage set of tests that look at every page: a visitor with a browser, who looks at each page at three widths."""

from __future__ import annotations

import json
from importlib import resources
from typing import NamedTuple

from class_stage import CLASS_TOKEN, TOKEN

WIDTHS = (360, 820, 1920)
WIDER = "wider than the window"
TOKENS = {"student": CLASS_TOKEN, "researcher": TOKEN}

_LOADED = (
    "document.readyState === 'complete' && [...document.images].every((one) => one.complete || one.loading === 'lazy')"
)
_AXE = """axe.run({resultTypes: ["violations"]}).then((found) => found.violations.map((one) =>
  [one.id, one.impact, one.nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary}`).join("\\n")]))"""
_REMEMBER_COLOURS = """(() => {
  const kind = axe.commons.color.Color.prototype, parse = kind.parseString, known = new Map();
  kind.parseString = function (text) {
    if (!known.has(text)) {
      parse.call(this, text);
      known.set(text, [this.r, this.g, this.b, this.alpha]);
    } else [this.r, this.g, this.b, this.alpha] = known.get(text);
    return this;
  };
})();"""
"""axe reads the same few colours of a page thousands of times, which took a quarter of its time."""
_STICKS_OUT = """(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width);
  return ["the page", ...out.map((one) => one.cloneNode().outerHTML)].slice(0, 5);
})()"""
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
    """What is wrong with a page, and where that was seen: the page, who looked at it, at which width."""

    where: str
    rule: str
    impact: str
    what: str


class Visitor:
    """Somebody of a role and a language, in a private window of some widths; `findings` is what was found of pages."""

    def __init__(self, browser, address, role, language, *, dark=False, widths=WIDTHS):
        self.role, self.language, self.findings, self.seen = role, language, [], []
        self._widths = widths
        self._address = address
        self.page = browser.page(language=language, dark=dark)
        self.page.call("Page.setBypassCSP", enabled=True)
        source = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
        self.page.call("Page.addScriptToEvaluateOnNewDocument", source=f"{source}\n{_REMEMBER_COLOURS}")

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

    def post(self, path, **fields):
        """Send a form without leaving the page."""
        body = f"new URLSearchParams({json.dumps(fields)})"
        self.page.look(f"fetch({json.dumps(path)}, {{method: 'POST', body: {body}}}).then((answer) => answer.text())")

    def execute(self, schema, text, *, wait=True):
        """What the API answers to a wish for a run, sent from the page that is open."""
        query = "" if wait else "?wait=0"
        return self.page.look(_EXECUTE % (query, json.dumps({"schema": schema, "input_text": text})))

    def _judge(self, name):
        self.seen.append(name)
        for width in self._widths:
            self.page.size(width, 800)
            where = f"{name} ({self.role}, {self.language}, {width})"
            if what := self.page.look(_STICKS_OUT):
                self.findings.append(Finding(where, WIDER, "serious", ", ".join(what)))
            self.findings += [Finding(where, *found) for found in self.page.look(_AXE)]
