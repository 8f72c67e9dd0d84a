#!/bin/sh
# Builds a small OpenTelemetry Collector from source into the cache, once, and prints where the binary is.
#
#   tools/build_collector.sh            build it where it is missing (needs Go; about three minutes the first time)
#   tools/build_collector.sh --check    print where it is and exit 0, or exit 1 where it is not built
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 built, 1 not built (--check) or the build failed, 2 wrong usage, 3 there is no Go.
set -eu

VERSION=0.159.0
BUILDER=go.opentelemetry.io/collector/cmd/builder

. "$(dirname "$0")/go_build.sh"

manifest=$(cd "$(dirname "$0")" && pwd)/collector.yaml
# Another manifest is another binary.
binary=$(bin_directory)/otel-collector-$VERSION-$(cksum <"$manifest" | cut -d' ' -f1)
start "$binary" "${1:-}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "building an OpenTelemetry Collector $VERSION; the first time this takes about three minutes" >&2
GOBIN=$work GOFLAGS="$BUILD_FLAGS" nice go install "$BUILDER@v$VERSION"
(cd "$work" && GOFLAGS="$BUILD_FLAGS" nice "$work/builder" --config "$manifest" --skip-compilation >&2)
go_build "$work/source" "$binary" .
say "$binary"
