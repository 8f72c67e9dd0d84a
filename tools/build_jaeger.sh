#!/bin/sh
# Builds Jaeger from source into the cache, once, and prints where the binary is.
#
#   tools/build_jaeger.sh            build it where it is missing (needs Go; about ten minutes the first time)
#   tools/build_jaeger.sh --check    print where it is and exit 0, or exit 1 where it is not built
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 built, 1 not built (--check) or the build failed, 2 wrong usage, 3 there is no Go.
set -eu

# v1.76.0 of the module is Jaeger v2.13.0: the last release whose tag the Go module proxy can serve (Jaeger v2 is
# tagged v2.x.y, which its module path without /v2 does not allow). It is built in its own module, with its own go.sum.
MODULE=github.com/jaegertracing/jaeger
VERSION=v1.76.0

. "$(dirname "$0")/go_build.sh"

binary=$(bin_directory)/jaeger-$VERSION
start "$binary" "${1:-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "building Jaeger ($MODULE@$VERSION); the first time this takes about ten minutes" >&2
source=$(cd "$work" && go mod download -json "$MODULE@$VERSION" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
[ -n "$source" ] || { complain "the Go module proxy did not give $MODULE@$VERSION"; exit 1; }
cp -r "$source" "$work/jaeger" && chmod -R u+w "$work/jaeger"
go_build "$work/jaeger" "$binary" ./cmd/jaeger
say "$binary"
