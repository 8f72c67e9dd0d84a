#!/usr/bin/env python3
"""Write the rules by which secrets are known by their shape, from gitleaks' list.

    git -C gitleaks show v8.30.1:config/gitleaks.toml > gitleaks.toml
    python tools/take_secret_rules.py gitleaks.toml v8.30.1 gitleaks/LICENSE > otel_tracking/secrets/rules.json

Taken are the rules in `MARKERS`: those of tokens that carry a mark of their own, which one search for a few dozen
literals finds. Left out are rules that need a product's name beside a value (`datadog … = 0123…`: removed by the
name of its key or variable here), and those that a hash, a number or a version looks like as well. The expressions are
Go's: what Python writes otherwise is rewritten. They look for tokens in program code, where a quote or a space follows;
here a token ends where its letters do.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

MARKERS: dict[str, tuple[str, ...]] = {
    "1password-service-account-token": ("eyJ",),
    "age-secret-key": ("AGE-SECRET",),
    "alibaba-access-key-id": ("LTAI",),
    "aws-access-token": ("AKIA", "ASIA"),
    "databricks-api-token": ("dapi",),
    "digitalocean-access-token": ("_v1_",),
    "digitalocean-pat": ("_v1_",),
    "digitalocean-refresh-token": ("_v1_",),
    "doppler-api-token": ("dp.",),
    "flyio-access-token": ("fo1_", "fm2_"),
    "gcp-api-key": ("AIza",),
    "github-app-token": ("ghu_", "ghs_"),
    "github-fine-grained-pat": ("github_pat_",),
    "github-oauth": ("gho_",),
    "github-pat": ("ghp_",),
    "github-refresh-token": ("ghr_",),
    "gitlab-deploy-token": ("gldt-",),
    "gitlab-pat": ("glpat-",),
    "gitlab-pat-routable": ("glpat-",),
    "gitlab-runner-authentication-token": ("glrt-",),
    "grafana-cloud-api-token": ("glc_",),
    "grafana-service-account-token": ("glsa_",),
    "huggingface-access-token": ("hf_",),
    "linear-api-key": ("lin_",),
    "microsoft-teams-webhook": ("hook",),
    "notion-api-token": ("ntn_",),
    "npm-access-token": ("npm_",),
    "openai-api-key": ("sk-",),
    "perplexity-api-key": ("pplx-",),
    "postman-api-token": ("PMAK-",),
    "pypi-upload-token": ("pypi-",),
    "sendgrid-api-token": ("SG.",),
    "sentry-org-token": ("sntr",),
    "sentry-user-token": ("sntr",),
    "shopify-access-token": ("shp",),
    "shopify-custom-access-token": ("shp",),
    "shopify-private-app-access-token": ("shp",),
    "shopify-shared-secret": ("shp",),
    "slack-app-token": ("xapp-",),
    "slack-bot-token": ("xox",),
    "slack-config-access-token": ("xox",),
    "slack-config-refresh-token": ("xox",),
    "slack-legacy-bot-token": ("xox",),
    "slack-legacy-token": ("xox",),
    "slack-legacy-workspace-token": ("xox",),
    "slack-user-token": ("xox",),
    "slack-webhook-url": ("hook",),
    "stripe-access-token": ("sk_", "rk_"),
    "vault-batch-token": ("hvb.",),
    "vault-service-token": ("hvs.",),
}
"""The rules that are taken, and which literals to look for; each stands in every text that its rule finds."""

END_IN_CODE = re.compile(r"""\(\?:\[\\x60'"\\s;\]\|\\\\\[nr\]\|\$(?:\|\\b)?\)$""")
OTHER_END = re.compile(r"\(\?:\[\^([^\]]+)\]\|\\z\)$")


def main(config: str, version: str, licence: str) -> None:
    """Print the rules as JSON."""
    rules = {rule["id"]: rule.get("regex", "") for rule in tomllib.loads(Path(config).read_text("utf-8"))["rules"]}
    if missing := MARKERS.keys() - rules.keys():
        sys.exit(f"{config} has no rules {sorted(missing)}: were they renamed?")
    taken = {
        "source": "gitleaks",
        "version": version,
        "made_by": "tools/take_secret_rules.py",
        "license": Path(licence).read_text("utf-8"),
        "rules": [{"id": name, "pattern": python_of(rules[name]), "markers": MARKERS[name]} for name in MARKERS],
    }
    print(json.dumps(taken, indent=1))


def python_of(expression: str) -> str:
    """A Go expression as Python writes it, where flags hold to the end of their group."""
    expression = OTHER_END.sub(r"(?![\1])", END_IN_CODE.sub(r"(?![\\w-])", expression))
    parts: list[str] = []
    opened = [0]
    for part in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?-?i\)|.", expression, re.DOTALL):
        if re.fullmatch(r"\(\?-?i\)", part):
            opened[-1] += 1
            part = part.replace(")", ":")
        elif part == "(":
            opened.append(0)
        elif part == ")":
            part = ")" * (opened.pop() + 1)
        parts.append(part)
    rewritten = "".join(parts) + ")" * opened.pop()
    re.compile(rewritten)
    return rewritten


if __name__ == "__main__":
    main(*sys.argv[1:])
