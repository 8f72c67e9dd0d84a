#!/bin/sh
# Gets Apache Kafka, a broker that the tests start without root, into the cache once, and prints its class path.
#
#   tools/get_kafka.sh            get it where it is missing (needs Java 17 or later and Maven; 43 MB)
#   tools/get_kafka.sh --check    print where it is and exit 0, or exit 1 where it is not there
#
# OTEL_TRACKING_BIN names the directory; by default ${XDG_CACHE_HOME:-~/.cache}/otel-tracking/bin.
# Exit codes: 0 there, 1 not there (--check) or Maven failed, 2 wrong usage, 3 there is no Java or no Maven.
set -eu

. "$(dirname "$0")/maven_jars.sh"

get_jars kafka org.apache.kafka:kafka_2.13:4.1.1 "${1:-}"
