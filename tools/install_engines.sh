#!/bin/sh
# Installs the Debian packages behind the embedded translation engines.
#
#   tools/install_engines.sh            install what is missing (needs root or passwordless sudo)
#   tools/install_engines.sh --list     print the packages, one a line, and change nothing
#   tools/install_engines.sh --check    exit 0 when all are installed, 1 when something is missing
#
# Exit codes: 0 all installed, 1 something is missing (--check) or apt-get failed,
#             2 wrong usage, 3 not allowed to install here (prints the one command to run).
set -eu

# The pairs of the fixed Stille Post journeys and the shortcuts between them.
APERTIUM="apertium apertium-eng-spa apertium-fr-es apertium-fra-cat apertium-por-cat
apertium-pt-gl apertium-es-gl apertium-spa-cat apertium-es-pt apertium-eng-cat
apertium-cat-ita apertium-spa-ita"

# German and English both ways (55 MB: German prompts are the normal case), then scripts
# other than Latin and languages of the neighbourhood. Japanese-English is 18 MB, the rest
# under 3 MB each. Left out: pairs that Apertium serves better.
FREEDICT="dict-freedict-deu-eng dict-freedict-eng-deu
dict-freedict-eng-ara dict-freedict-ara-eng dict-freedict-eng-ell dict-freedict-ell-eng
dict-freedict-eng-jpn dict-freedict-jpn-eng dict-freedict-eng-tur dict-freedict-tur-eng
dict-freedict-eng-pol dict-freedict-pol-eng dict-freedict-eng-nld dict-freedict-nld-eng
dict-freedict-eng-hin dict-freedict-eng-rus dict-freedict-deu-tur dict-freedict-tur-deu"

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

wanted() { printf '%s\n' $APERTIUM $FREEDICT; }

missing() {
    # One dpkg-query for all: with nothing to do the script ends within milliseconds.
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $(wanted) 2>/dev/null | sed -n 's/^ii *//p') || true
    wanted | while read -r package; do
        case "
$installed
" in *"
$package
"*) ;; *) say "$package" ;; esac
    done
}

need_update() {
    # apt knows no candidate for a package it has no list for.
    apt-cache show --no-all-versions "$@" >/dev/null 2>&1 && return 1 || return 0
}

run_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 && sudo -n true >/dev/null 2>&1
}

install_packages() {
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    if need_update "$@"; then
        say "reading the package lists (apt-get update)"
        run_as_root apt-get update -qq >"$log" 2>&1 || { complain "apt-get update failed:"; tail -n 15 "$log" >&2; exit 1; }
    fi
    say "installing $# packages: $*"
    run_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 &
    follow $! "$log"
}

follow() {
    # A line for each package apt unpacks; the rest of apt's talk only when it fails.
    seen=0
    while kill -0 "$1" 2>/dev/null; do
        now=$(grep -c '^Unpacking' "$2" || true)
        if [ "$now" != "$seen" ]; then seen=$now; say "  unpacked $seen: $(grep '^Unpacking' "$2" | tail -n 1 | cut -d' ' -f2)"; fi
        sleep 1
    done
    wait "$1" || { complain "apt-get install failed:"; tail -n 15 "$2" >&2; exit 1; }
}

case "${1:-}" in
    "") ;;
    --list) wanted; exit 0 ;;
    --check) [ -z "$(missing)" ] && exit 0; say "missing:"; missing; exit 1 ;;
    *) complain "unknown option '$1'; try: tools/install_engines.sh [--list|--check]"; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    complain "this machine has no apt-get; the engines come as Debian packages:"
    complain "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $(wanted | tr '\n' ' ')"
    exit 3
fi

packages=$(missing)
if [ -z "$packages" ]; then
    say "embedded engines: all $(wanted | wc -l) packages are installed"
    exit 0
fi
if ! may_install; then
    complain "not allowed to install packages here; run this once, then start again:"
    complain "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $(say $packages | tr '\n' ' ')"
    exit 3
fi
# Word splitting is wanted: one argument a package.
install_packages $packages
say "embedded engines: all $(wanted | wc -l) packages are installed"
