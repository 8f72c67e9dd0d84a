#!/bin/sh
# Runs the main job on a prompt and says where everything is. Called by `make demo`.
#
#   tools/demo.sh OTEL_TRACKING DATA PROMPT     for example: tools/demo.sh .venv/bin/otel-tracking demo-data "…"
set -eu

otel_tracking=$1 data=$2 prompt=$3

say() { printf '%s\n' "$*"; }

newest() { "$otel_tracking" list --data "$data" --config "$1" --limit 1 | sed -n 's/^\(exec_[^ ]*\).*/\1/p'; }

say ""
say "== Stille Post: the prompt travels through other languages and back, in eight hops =="
"$otel_tracking" run stillepost --data "$data" --safety-level youth -- "$prompt"

say ""
say "== The same prompt, in two palettes =="
"$otel_tracking" run image_comparison --data "$data" --safety-level youth -- "$prompt"

post=$(newest stillepost) pictures=$(newest image_comparison)
"$otel_tracking" export "$post" "$pictures" --data "$data" --format pdf --language de --out "$data/pdf" >/dev/null

say ""
say "== What is there now =="
say "records       $post (Stille Post), $pictures (pictures)"
say "Parquet       $data/executions/ and $data/items/, explained in $data/codebook.csv"
for picture in "$data/media/$pictures"/*; do
    [ -e "$picture" ] && say "picture       $picture"
done
say "PDF           $data/pdf/$post.pdf, $data/pdf/$pictures.pdf"
say ""
say "== Try next =="
say "  make serve DATA=$data   (the same in the browser: watch, look again, take home)"
say "  $otel_tracking show $post --data $data --tree"
say "  $otel_tracking replay $pictures --data $data"
say "  $otel_tracking dataset my-dataset --data $data"
