#!/bin/sh
# Runs fuzz targets one after another, each for SECONDS_EACH (600), from the files of the tests:
#
#     fuzz/run.sh [TARGET…]          # needs a nightly compiler and `cargo install cargo-fuzz`
#
# No single allocation may be larger than 16 MB and all together no larger than 512 MB: an input
# has at most 64 kB, and a mebibyte more than that is already worth a look. Tables in Parquet are compressed:
# there the lengths of a page's strings may take 16 MB, which grow by doubling.
set -eu
cd "$(dirname "$0")"
corpora=../crates/mri-corpus/tests/golden
wild=$corpora/wild
models=../crates/mri-extract/tests/golden
# The first byte of these inputs chooses options.
chosen() { printf "$1" | cat - "$2"; }
seeds() {
    mkdir -p "corpus/$1"
    i=0
    case $1 in
        config) for f in "$models"/families/*/config.json; do i=$((i + 1)); cp "$f" "corpus/config/seed$i"; done ;;
        safetensors)
            # A header with few tensors: with whole models nearly every change would be to a weight.
            header='{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}}'
            printf '\161\000\000\000\000\000\000\000%s%s' "$header" "12345678901234567890" > corpus/safetensors/seed1
            printf '{"metadata":{},"weight_map":{"w":"a.safetensors","b":"b.safetensors"}}' > corpus/safetensors/seed2 ;;
        gguf)
            # Vocabularies, and one of the models, which are larger.
            for f in "$models"/gguf_tokenizers/*.gguf "$models"/gguf/falcon.gguf; do i=$((i + 1)); cp "$f" "corpus/gguf/seed$i"; done ;;
        manifest) cp seeds/manifest.json corpus/manifest/seed1 ;;
        npy)
            printf '\223NUMPY\001\000\166\000%-117s\n1234567812345678' "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }" > corpus/npy/seed1
            printf '\223NUMPY\001\000\166\000%-117s\n12345678' "{'descr': '<u4', 'fortran_order': False, 'shape': (2,), }" > corpus/npy/seed2 ;;
        csv)
            # The first byte of a seed: comma or tab, rows without a value dropped or not, a sample or not, quotes.
            for f in "$corpora"/corpora/rows.csv "$wild"/pandas/*.csv "$wild"/polars/*.csv "$wild"/python/*.csv; do i=$((i + 1)); chosen '\014' "$f" > "corpus/csv/seed$i"; done
            for f in "$corpora"/corpora/rows.tsv "$wild"/*/*.tsv "$wild"/pandas/rows.*.gz "$wild"/pandas/rows.*.zst; do i=$((i + 1)); chosen '\015' "$f" > "corpus/csv/seed$i"; done ;;
        json_lines)
            for f in "$corpora"/corpora/rows.jsonl "$wild"/*/*.json "$wild"/*/*.jsonl "$wild"/*/*.jsonl.*; do i=$((i + 1)); chosen '\014' "$f" > "corpus/json_lines/seed$i"; chosen '\034' "$f" > "corpus/json_lines/seed0$i"; done ;;
        arrow) for f in "$corpora"/corpora/*.hf/*.arrow "$wild"/*/*.arrow "$wild"/*/*.feather; do i=$((i + 1)); chosen '\017' "$f" > "corpus/arrow/seed$i"; chosen '\014' "$f" > "corpus/arrow/seed0$i"; done ;;
        parquet) for f in "$corpora"/corpora/*.parquet "$corpora"/damaged/*.parquet "$wild"/*/*.parquet; do i=$((i + 1)); cp "$f" "corpus/parquet/seed$i"; done ;;
    esac
}
[ $# -gt 0 ] || set -- config safetensors gguf manifest npy csv json_lines arrow parquet
for target in "$@"; do
    seeds "$target"
    echo "== $target"
    largest=16
    [ "$target" != parquet ] || largest=48
    cargo +nightly fuzz run "$target" -- -max_total_time="${SECONDS_EACH:-600}" -max_len=65536 \
        -malloc_limit_mb=$largest -rss_limit_mb=512 -timeout=20 -print_final_stats=1
done
