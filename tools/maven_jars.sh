# Shell functions of the get_*.sh beside this: get a Java program and what it needs from Maven Central into the cache.

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# get_jars NAME GROUP:ARTIFACT:VERSION OPTION: prints the class path, or ends the script with what is missing.
get_jars() {
    version=${2##*:}
    directory=${OTEL_TRACKING_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/otel-tracking/bin}/$1-$version
    case "$3" in
        "") ;;
        --check) [ -d "$directory" ] && say "$directory/*" || { complain "$directory is not there"; exit 1; }; exit 0 ;;
        *) complain "unknown option '$3'; try: $0 [--check]"; exit 2 ;;
    esac
    for program in java mvn; do
        command -v "$program" >/dev/null 2>&1 && continue
        complain "this machine has no $program; on Debian: apt-get install default-jre-headless maven"
        exit 3
    done
    [ ! -d "$directory" ] || { say "$directory/*"; exit 0; }

    mkdir -p "$(dirname "$directory")"
    # Beside the place and moved there in one step, so that half of it is never taken.
    work=$(mktemp -d "$directory.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    pom "$2" >"$work/pom.xml"
    mvn --quiet --batch-mode --file "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/jars" >&2 || {
        complain "Maven could not get $1 $version; its reason stands above"
        exit 1
    }
    mv "$work/jars" "$directory"
    say "$directory/*"
}

# pom GROUP:ARTIFACT:VERSION: a project that is nothing but this one dependency.
pom() {
    rest=${1#*:}
    cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>otel-tracking</groupId><artifactId>jars</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>${1%%:*}</groupId><artifactId>${rest%:*}</artifactId><version>${rest#*:}</version></dependency>
  </dependencies>
</project>
POM
}
