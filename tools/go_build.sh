# Shell functions of the build_*.sh beside this: build a Go program into the cache without filling the
# machine: one compiler at a time, with low priority.

BUILD_FLAGS="-p=1 -buildvcs=false"

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

bin_directory() { say "${OTEL_TRACKING_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/otel-tracking/bin}"; }

# start BINARY OPTION: ends the script where nothing is to be built.
start() {
    case "$2" in
        "") [ ! -x "$1" ] || { say "$1"; exit 0; } ;;
        --check) if [ -x "$1" ]; then say "$1"; exit 0; else say "$1 is not built" >&2; exit 1; fi ;;
        *) complain "unknown option '$2'; try: $0 [--check]"; exit 2 ;;
    esac
    if ! command -v go >/dev/null 2>&1; then
        complain "this machine has no Go (1.25 or later), which builds it from source; https://go.dev/doc/install"
        exit 3
    fi
}

# go_build DIRECTORY BINARY PACKAGE: builds beside the place and moves it there, so that half a file is never taken.
# CGO=1 lets C and C++ in; LDFLAGS are further flags of the linker.
go_build() {
    mkdir -p "$(dirname "$2")"
    (cd "$1" && CGO_ENABLED="${CGO:-0}" GOFLAGS="$BUILD_FLAGS" \
        nice go build -trimpath -ldflags="-s -w ${LDFLAGS:-}" -o "$2.new" "$3" >&2)
    mv "$2.new" "$2"
}
