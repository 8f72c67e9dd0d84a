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
. "$(dirname "$0")/debian_packages.sh"

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

what="embedded engines"

wanted() { printf '%s\n' $APERTIUM $FREEDICT; }

main "$@"
