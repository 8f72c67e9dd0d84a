#!/bin/sh
# Gets QualCoder, a program for qualitative analysis, into the cache once, with a virtual environment of its own that its
# import needs, and prints the directory: `source` and `venv/bin/python` are in it.
#
#   tools/get_qualcoder.sh            get it where it is missing (needs git and Python)
#   tools/get_qualcoder.sh --check    print where it is and exit 0, or exit 1 where it is not there
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# QUALCODER_REPOSITORY is another repository to take it from, such as a mirror on this machine.
# Exit codes: 0 there, 1 not there (--check) or it could not be got, 2 wrong usage, 3 there is no git or no Python.
set -eu

REPOSITORY=${QUALCODER_REPOSITORY:-https://github.com/ccbogel/QualCoder.git}
COMMIT=c3204641e0a997c08219d2377eb5736cd94504bc
# What the modules of its import load; everything else of QualCoder stays away.
PACKAGES="PyQt6==6.11.0 pymupdf==1.26.7 pillow==13.0.0"

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

directory=${OTEL_TRACKING_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/otel-tracking/bin}/qualcoder-$COMMIT
case "${1:-}" in
    "") ;;
    --check) [ -f "$directory/ready" ] && say "$directory" || { complain "$directory is not there"; exit 1; }; exit 0 ;;
    *) complain "unknown option '$1'; try: $0 [--check]"; exit 2 ;;
esac
for program in git python3; do
    command -v "$program" >/dev/null 2>&1 && continue
    complain "this machine has no $program; on Debian: apt-get install git python3-venv"
    exit 3
done
[ ! -f "$directory/ready" ] || { say "$directory"; exit 0; }

# An environment cannot be moved: the last step says that all of it is there.
rm -rf "$directory"
mkdir -p "$directory"
git init --quiet "$directory/source" >&2 &&
    git -C "$directory/source" fetch --quiet --depth 1 "$REPOSITORY" "$COMMIT" >&2 &&
    git -C "$directory/source" -c advice.detachedHead=false checkout --quiet FETCH_HEAD >&2 || {
    complain "QualCoder $COMMIT could not be got from $REPOSITORY; the reason stands above"
    exit 1
}
python3 -m venv "$directory/venv" >&2 &&
    "$directory/venv/bin/pip" install --quiet --disable-pip-version-check $PACKAGES >&2 || {
    complain "pip could not install $PACKAGES; its reason stands above"
    exit 1
}
touch "$directory/ready"
say "$directory"
