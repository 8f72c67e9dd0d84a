#!/bin/sh
# Builds Ollama from source into the cache, for the processor alone, once, and prints where the binary is.
#
#   tools/build_ollama.sh            build it where it is missing (needs Go and a C++ compiler)
#   tools/build_ollama.sh --check    print where it is and exit 0, or exit 1 where it is not built
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 built, 1 not built (--check) or the build failed, 2 wrong usage, 3 there is no Go or no compiler.
set -eu

MODULE=github.com/ollama/ollama
VERSION=v0.17.4

# A module holds no directory called `vendor`, and Ollama's C++ wants three headers of one. Two lay elsewhere in an
# older Ollama, the third is in a binding for Go: all of them come with a checksum, and none needs root.
OLDER=v0.6.5
AUDIO=github.com/gen2brain/malgo
AUDIO_VERSION=v0.11.24

. "$(dirname "$0")/go_build.sh"

source_of() {
    found=$(cd "$work" && go mod download -json "$1@$2" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    [ -n "$found" ] || { complain "the Go module proxy did not give $1@$2"; exit 1; }
    say "$found"
}

binary=$(bin_directory)/ollama-$VERSION
start "$binary" "${1:-}"
command -v c++ >/dev/null 2>&1 || { complain "this machine has no C++ compiler; on Debian: apt-get install g++"; exit 3; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "building Ollama ($MODULE@$VERSION); the first time this takes about five minutes, more on a busy machine" >&2
source=$(source_of "$MODULE" "$VERSION")
older=$(source_of "$MODULE" "$OLDER")/llama/llama.cpp/common
audio=$(source_of "$AUDIO" "$AUDIO_VERSION")
cp -r "$source" "$work/ollama" && chmod -R u+w "$work/ollama"

headers=$work/ollama/llama/llama.cpp/vendor
mkdir -p "$headers/nlohmann" "$headers/stb" "$headers/miniaudio"
cp "$older/json.hpp" "$headers/nlohmann/json.hpp"
say '#include "json.hpp"' >"$headers/nlohmann/json_fwd.hpp"
cp "$older/stb_image.h" "$headers/stb/stb_image.h"
cp "$audio/miniaudio.h" "$headers/miniaudio/miniaudio.h"

CGO=1 LDFLAGS="-X $MODULE/version.Version=${VERSION#v}" go_build "$work/ollama" "$binary" .
say "$binary"
