#!/bin/sh
# Gets Spark with Delta Lake into the cache once, and prints the Python that has it.
#
#   tools/get_spark.sh            get it where it is missing (needs Java 17, Maven and Python 3; 430 MB)
#   tools/get_spark.sh --check    print where it is and exit 0, or exit 1 where it is not there
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 there, 1 not there (--check), pip or Maven failed, 2 wrong usage, 3 there is no Java or no Maven.
set -eu

. "$(dirname "$0")/maven_jars.sh"

spark=4.0.1 delta=4.0.0
directory=${OTEL_TRACKING_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/otel-tracking/bin}/spark-$spark-delta-$delta
python=$directory/bin/python

case "${1:-}" in
    "") ;;
    --check) [ -e "$directory/ready" ] && say "$python" || { complain "$directory is not there"; exit 1; }; exit 0 ;;
    *) complain "unknown option '$1'; try: $0 [--check]"; exit 2 ;;
esac
for program in java mvn python3; do
    command -v "$program" >/dev/null 2>&1 && continue
    complain "this machine has no $program; on Debian: apt-get install default-jre-headless maven python3-venv"
    exit 3
done
[ ! -e "$directory/ready" ] || { say "$python"; exit 0; }

# An environment of its own, which does not like to be moved: what was begun and not finished is begun anew.
rm -rf "$directory"
python3 -m venv "$directory" >&2
"$python" -m pip install --quiet --disable-pip-version-check "pyspark==$spark" >&2 || {
    complain "pip could not get pyspark $spark; its reason stands above"
    exit 1
}
jars=$("$python" -c 'import pyspark, pathlib; print(pathlib.Path(pyspark.__file__).parent / "jars")')
for jar in "io.delta:delta-spark_2.13:$delta" "io.delta:delta-storage:$delta"; do
    mvn --quiet --batch-mode dependency:copy -Dartifact="$jar" -DoutputDirectory="$jars" >&2 || {
        complain "Maven could not get $jar; its reason stands above"
        exit 1
    }
done
touch "$directory/ready"
say "$python"
