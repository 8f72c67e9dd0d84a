#!/bin/sh
# Installs the Debian packages by which tests look at pages, PDF, Word and CSV files, and at the files a process opens.
#
#   tools/install_test_tools.sh            install what is missing (needs root or passwordless sudo)
#   tools/install_test_tools.sh --list     print the packages, one a line, and change nothing
#   tools/install_test_tools.sh --check    exit 0 when all are installed, 1 when something is missing
#
# Exit codes: 0 all installed, 1 something is missing (--check) or apt-get failed,
#             2 wrong usage, 3 not allowed to install here (prints the one command to run).
set -eu
. "$(dirname "$0")/debian_packages.sh"

what="tools of the tests"

# LibreOffice comes without its windows, which tests do not look at.
wanted() { printf '%s\n' chromium qpdf poppler-utils mupdf-tools libreoffice-writer-nogui libreoffice-calc-nogui strace; }

main "$@"
