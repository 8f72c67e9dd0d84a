"""Runs uv with what pip has been told of where packages are; uv's own settings come first.

python tools/uv_as_pip.py ARGUMENTS OF UV
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys

# uv looks only into its own settings; each of pip's, and what uv calls it.
NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
SEPARATORS = {"UV_FIND_LINKS": ","}
WEAKEST_FIRST = ("global", "install", ":env:")


def settings_of_pip() -> dict[str, str]:
    """By pip's names, from its files and from the environment, the stronger in place of the weaker."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    told = {}
    for section in WEAKEST_FIRST:
        for line in listed:
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                told[key.removeprefix(f"{section}.")] = str(ast.literal_eval(value))
    return told


def in_the_words_of_uv(told: dict[str, str]) -> dict[str, str]:
    """Environment variables of uv; lists in its way."""
    return {
        name: SEPARATORS.get(name, " ").join(told[option].split()) for option, name in NAMES.items() if option in told
    }


if __name__ == "__main__":
    surroundings = in_the_words_of_uv(settings_of_pip()) | os.environ
    os.execve(sys.executable, [sys.executable, "-m", "uv", *sys.argv[1:]], surroundings)
