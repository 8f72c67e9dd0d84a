#!/bin/sh
# Gets veraPDF, which says whether a PDF is what it promises, into the cache once, and prints the command's class path.
#
#   tools/get_verapdf.sh            get it where it is missing (needs Java and Maven)
#   tools/get_verapdf.sh --check    print where it is and exit 0, or exit 1 where it is not there
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 there, 1 not there (--check) or Maven failed, 2 wrong usage, 3 there is no Java or no Maven.
set -eu

. "$(dirname "$0")/maven_jars.sh"

get_jars verapdf org.verapdf.apps:greenfield-apps:1.28.2 "${1:-}"
