#!/bin/sh
# Print how many lines of Python each shelf of the four packages has: tools/lines_per_shelf.sh [CHECKOUT]
set -eu
cd "${1:-$(dirname "$0")/..}"
find otel_tracking collectors exporters devserver -name '*.py' -exec wc -l {} + | grep -v ' total$' |
    awk '{ shelf = $2; sub("/[^/]*$", "", shelf); lines[shelf] += $1; split(shelf, part, "/"); all[part[1]] += $1; sum += $1 }
         END { for (shelf in lines) print shelf "/", lines[shelf]; for (name in all) print name, "in all", all[name]
               print "the four packages", sum }' | LC_ALL=C sort
