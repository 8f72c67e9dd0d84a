#!/bin/sh
# Gets veraPDF, which says whether a PDF is what it promises, into the cache once, and prints the command's class path.
#
#   tools/get_verapdf.sh            get it where it is missing (needs Java and Maven)
#   tools/get_verapdf.sh --check    print where it is and exit 0, or exit 1 where it is not there
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 there, 1 not there (--check) or Maven failed, 2 wrong usage, 3 there is no Java or no Maven.
set -eu

VERSION=1.28.2

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

directory=${OTEL_TRACKING_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/otel-tracking/bin}/verapdf-$VERSION
case "${1:-}" in
    "") ;;
    --check) [ -d "$directory" ] && say "$directory/*" || { complain "$directory is not there"; exit 1; }; exit 0 ;;
    *) complain "unknown option '$1'; try: $0 [--check]"; exit 2 ;;
esac
for program in java mvn; do
    command -v "$program" >/dev/null 2>&1 && continue
    complain "this machine has no $program; on Debian: apt-get install default-jre-headless maven"
    exit 3
done
[ ! -d "$directory" ] || { say "$directory/*"; exit 0; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>verapdf</groupId><artifactId>validator</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.verapdf.apps</groupId><artifactId>greenfield-apps</artifactId><version>$VERSION</version></dependency>
  </dependencies>
</project>
POM
mvn --quiet --batch-mode --file "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/jars" >&2 || {
    complain "Maven could not get veraPDF $VERSION; its reason stands above"
    exit 1
}
# Moved in one step, so that half of it is never taken.
mkdir -p "$(dirname "$directory")"
mv "$work/jars" "$directory"
say "$directory/*"
