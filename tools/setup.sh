#!/bin/sh
# Makes a virtual environment with this project in it, in the versions of tools/constraints.txt.
#
#   tools/setup.sh PYTHON DIRECTORY EXTRA     for example: tools/setup.sh python3 .venv dev
#
# Exit codes: 0 ready, 1 pip failed, 2 wrong usage or Python too old,
#             3 a Debian package is missing and may not be installed here (prints the one command to run).
set -eu

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

[ $# = 3 ] || { complain "usage: tools/setup.sh PYTHON DIRECTORY EXTRA"; exit 2; }
python=$1 directory=$2 extra=$3

run_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1
}

install_or_explain() {
    # $1: the Debian package, $2: what it is for.
    if ! may_install; then
        complain "$2 is missing; run this once, then start again:"
        complain "  sudo apt-get update && sudo apt-get install -y $1"
        exit 3
    fi
    say "installing the Debian package $1"
    log=$(mktemp)
    if ! { run_as_root apt-get update -qq && run_as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$1"; } >"$log" 2>&1; then
        complain "apt-get could not install $1:"; tail -n 15 "$log" >&2; rm -f "$log"; exit 3
    fi
    rm -f "$log"
}

command -v "$python" >/dev/null 2>&1 || install_or_explain python3 "Python ($python)"
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    complain "$python is $("$python" -V 2>&1); 3.11 or newer is needed. Another one: make PYTHON=python3.12 …"
    exit 2
fi

# Debian ships venv without ensurepip unless its package is there.
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    install_or_explain "python$version-venv" "Python's venv module"
fi

# A directory that was moved or left half made does not run; it is made again.
if ! "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    say "making the virtual environment $directory with $("$python" -V 2>&1)"
    "$python" -m venv --clear "$directory"
fi

say "installing this project and its extra '$extra' into $directory (the first time up to a minute)"
pip_install() {
    "$directory/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --constraint tools/constraints.txt "$@"
}

uv_install() {
    pip_install uv && "$directory/bin/python" tools/uv_as_pip.py pip install --quiet \
        --python "$directory/bin/python" --constraint tools/constraints.txt "$@"
}

# uv takes a tenth of pip's time; pip does it where uv cannot be had.
uv_install --editable ".[$extra]" || pip_install --editable ".[$extra]" || {
    complain "pip could not install the project; its reason stands above (PyPI must be reachable)"
    exit 1
}
