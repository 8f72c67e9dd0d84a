# Installs Debian packages; read by the scripts beside it, which say which (`wanted`) and what for ($what).
#
#   . tools/debian_packages.sh; main "$@"
#
#   (no argument)   install what is missing (needs root or passwordless sudo)
#   --list          print the packages, one a line, and change nothing
#   --check         exit 0 when all are installed, 1 when something is missing
#
# Exit codes: 0 all installed, 1 something is missing (--check) or apt-get failed,
#             2 wrong usage, 3 not allowed to install here (prints the one command to run).

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

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

explain() {
    # $1: why not, the rest: packages.
    complain "$1"; shift
    complain "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
    exit 3
}

main() {
    case "${1:-}" in
        "") ;;
        --list) wanted; exit 0 ;;
        --check) [ -z "$(missing)" ] && exit 0; say "missing:"; missing; exit 1 ;;
        *) complain "unknown option '$1'; try: $0 [--list|--check]"; exit 2 ;;
    esac

    if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
        explain "this machine has no apt-get; the $what come as Debian packages:" $(wanted)
    fi

    packages=$(missing)
    if [ -n "$packages" ]; then
        may_install || explain "not allowed to install packages here; run this once, then start again:" $packages
        # Word splitting is wanted: one argument a package.
        install_packages $packages
    fi
    say "$what: all $(wanted | wc -l) packages are installed"
}
