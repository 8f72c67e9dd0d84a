#!/bin/sh
# Builds versitygw, an S3 server over a folder, from source into the cache, once, and prints where the binary is.
#
#   tools/build_versitygw.sh            build it where it is missing (needs Go; some minutes the first time)
#   tools/build_versitygw.sh --check    print where it is and exit 0, or exit 1 where it is not built
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 built, 1 not built (--check) or the build failed, 2 wrong usage, 3 there is no Go.
set -eu

VERSION=v1.8.0
. "$(dirname "$0")/go_build.sh"

binary=$(bin_directory)/versitygw-$VERSION
start "$binary" "${1:-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "building versitygw $VERSION; the first time this takes some minutes" >&2
GOBIN=$work GOFLAGS="$BUILD_FLAGS" CGO_ENABLED=0 nice go install "github.com/versity/versitygw/cmd/versitygw@$VERSION"
mkdir -p "$(dirname "$binary")"
mv "$work/versitygw" "$binary"
say "$binary"
