"""Corpora as people have them: made by the programs they use, with the habits of those.

    python wild.py               # into wild/ beside this script

expected.json has for every case the file or folder, the options to read it with, and either the texts and the names of
their labels, as the writer was given them, or what the error has to say.

Needs: datasets, openpyxl, pandas, polars, pyarrow, zstandard (made with 5.2.0, 3.1.5, 3.1.1, 2.1.0, 26.0.1 and 0.25.0).
"""

import csv
import gzip
import json
import shutil
import tempfile
from pathlib import Path

import datasets
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq


# Fingerprints tell what a dataset was computed from. Without them the files are the same on every run, and with some
# versions of dill they cannot be computed.
datasets.fingerprint.Hasher.hash = classmethod(lambda cls, value: "0")

OUT = Path(__file__).parent / "wild"

TEXTS = ["naïve Bayes", "he said “no”; twice", "\"Seven\" is a film", "two\nlines, with a comma", "tab\there", "5\" disk"]
LABELS = ["law", "art", "law", "music", "art", "law"]
PLAIN = ["a fugue", "an appeal", "a string quartet that is longer than twelve bytes", "the court"]
NUMBERS = [1, 0, 1, 0]

cases = []


def case(path, texts=None, labels=None, error=None, **options):
    assert (error is None) != (texts is None)
    entry = {"path": path, "options": options}
    if error is None:
        entry |= {"texts": list(texts), "labels": [str(label) for label in labels]}
    else:
        entry["error"] = error
    cases.append(entry)


def fresh(name):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def by_pandas():
    frame = pd.DataFrame({"id": range(6), "text": TEXTS, "label": LABELS, "score": [0.5, 1.25, 3, 4, 5, 6]})
    frame.to_csv(fresh("pandas/semicolon.csv"), sep=";", decimal=",", index=False, lineterminator="\r\n")
    frame.to_csv(fresh("pandas/index.csv"), quoting=csv.QUOTE_ALL)
    frame.to_csv(fresh("pandas/mark.csv"), encoding="utf-8-sig", index=False)
    frame.to_csv(fresh("pandas/utf16.csv"), encoding="utf-16", sep="\t", index=False)
    frame.to_csv(fresh("pandas/tabs.tsv"), sep="\t", index=False)
    frame.to_csv(fresh("pandas/rows.csv.gz"), index=False)
    frame.to_csv(fresh("pandas/rows.tsv.zst"), sep="\t", index=False)
    frame.to_json(fresh("pandas/records.json"), orient="records")
    frame.to_json(fresh("pandas/columns.json"))
    frame.to_json(fresh("pandas/table.json"), orient="table", index=False)
    frame.to_json(fresh("pandas/lines.json"), orient="records", lines=True)
    frame.to_json(fresh("pandas/lines.jsonl.zst"), orient="records", lines=True)
    for name in ["semicolon.csv", "index.csv", "mark.csv", "utf16.csv", "tabs.tsv", "rows.csv.gz", "rows.tsv.zst",
                 "records.json", "columns.json", "table.json", "lines.json", "lines.jsonl.zst"]:
        case(f"pandas/{name}", TEXTS, LABELS)
    western = [text.encode("cp1252") for text in TEXTS]
    assert western[0] != TEXTS[0].encode()
    frame.to_csv(fresh("pandas/western.csv"), encoding="cp1252", index=False)
    case("pandas/western.csv", error=["line 2, column 5", "0xEF"])
    case("pandas/western.csv", TEXTS, LABELS, encoding="latin-1")
    # A column of whole numbers with a gap is one of floats.
    gaps = pd.DataFrame({"text": [*PLAIN, "no label"], "label": [*NUMBERS, None]})
    gaps.to_csv(fresh("pandas/gaps.csv"), index=False)
    gaps.to_parquet(fresh("pandas/gaps.parquet"))
    for name in ["gaps.csv", "gaps.parquet"]:
        case(f"pandas/{name}", PLAIN, NUMBERS, drop_missing=True)
        case(f"pandas/{name}", error=["no label"])
    numbers = pd.DataFrame({"text": PLAIN, "label": pd.Series(NUMBERS, dtype="float32")})
    numbers.to_feather(fresh("pandas/numbers.feather"), compression="uncompressed")
    case("pandas/numbers.feather", PLAIN, NUMBERS)
    numbers.to_feather(fresh("pandas/lz4.feather"), compression="lz4")
    case("pandas/lz4.feather", error=["compressed"])


def by_polars():
    frame = pl.DataFrame({"text": PLAIN, "label": ["b", "a", "b", "a"]})
    names = frame["label"].to_list()
    for codec in ["lz4", "brotli", "gzip", "snappy"]:
        frame.write_parquet(fresh(f"polars/{codec}.parquet"), compression=codec)
        case(f"polars/{codec}.parquet", PLAIN, names)
    # Strings as views.
    frame.write_ipc(fresh("polars/views.arrow"))
    frame.with_columns(more=pl.col("text") + pl.col("label")).select("more", "label", "text").write_ipc_stream(
        fresh("polars/views-stream.arrow"))
    frame.write_ndjson(fresh("polars/rows.ndjson"))
    frame.write_csv(fresh("polars/bars.csv"), separator="|", include_bom=True)
    for name in ["views.arrow", "views-stream.arrow", "rows.ndjson", "bars.csv"]:
        case(f"polars/{name}", PLAIN, names)
    # Quotes as letters, by a writer that encloses nothing.
    quotes = [text for text in TEXTS if "\n" not in text and "\t" not in text]
    letters = pl.DataFrame({"text": quotes, "label": quotes[::-1]})
    letters.write_csv(fresh("polars/never.tsv"), separator="\t", quote_style="never")
    case("polars/never.tsv", quotes, quotes[::-1])
    letters.write_csv(fresh("polars/never.csv"), separator=",", quote_style="never")
    case("polars/never.csv", error=["line 3, column 27", "line 3, column 21"])
    case("polars/never.csv", quotes, quotes[::-1], quotes="none")


def by_datasets():
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["neg", "pos"]))
    train = datasets.Dataset.from_dict({"text": PLAIN, "label": NUMBERS}, features=features)
    test = train.select([3, 0])
    names = ["pos", "neg", "pos", "neg"]
    # A clone of the hub, as push_to_hub lays it out.
    for i in range(2):
        train.shard(2, i, contiguous=True).to_parquet(fresh(f"datasets/clone/data/train-0000{i}-of-00002.parquet"))
    test.to_parquet(fresh("datasets/clone/data/test-00000-of-00001.parquet"))
    fresh("datasets/clone/README.md").write_text("---\nconfigs:\n- config_name: default\n---\n")
    case("datasets/clone", PLAIN, names, split="train")
    case("datasets/clone", [PLAIN[3], PLAIN[0]], ["neg", "pos"], split="test")
    case("datasets/clone", error=["several splits: test, train"])
    case("datasets/clone", error=["no split \"dev\"", "test, train"], split="dev")
    shutil.copytree(OUT / "datasets/clone", OUT / "datasets/partly")
    (OUT / "datasets/partly/data/train-00001-of-00002.parquet").unlink()
    case("datasets/partly", error=["1 of the 2 files of train"], split="train")
    # Two configurations.
    for name in ["en", "fr"]:
        test.to_parquet(fresh(f"datasets/two/{name}/test-00000-of-00001.parquet"))
    case("datasets/two", error=["en/*.parquet, fr/*.parquet"])
    case("datasets/two/fr", [PLAIN[3], PLAIN[0]], ["neg", "pos"])
    # The cache, in the depths in which load_dataset makes it.
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        train.to_json(source / "a.jsonl")
        test.to_json(source / "b.jsonl")
        loaded = datasets.load_dataset(
            "json", data_files={"train": str(source / "a.jsonl"), "validation": str(source / "b.jsonl")},
            features=features, cache_dir=str(source / "cache"))
        assert loaded["train"]["text"] == PLAIN
        deep = Path(loaded["train"].cache_files[0]["filename"]).parent
        for file in [*deep.glob("*.arrow"), deep / "dataset_info.json"]:
            shutil.copy(file, fresh(f"datasets/cache/json/0.0.0/{file.name}"))
    for path in ["datasets/cache", "datasets/cache/json/0.0.0"]:
        case(path, PLAIN, names, split="train")
        case(path, [PLAIN[3], PLAIN[0]], ["neg", "pos"], split="valid")
        case(path, error=["several splits: train, validation"])
    case("datasets/cache/json/0.0.0/json-train.arrow", PLAIN, names)
    # What DatasetDict saves, without the list of the splits.
    datasets.DatasetDict(train=train, test=test).save_to_disk(OUT / "datasets/dict")
    (OUT / "datasets/dict/dataset_dict.json").unlink()
    case("datasets/dict", PLAIN, names, split="train")
    case("datasets/dict", error=["several splits: test, train"])
    floats = datasets.Dataset.from_dict({"text": PLAIN, "label": [float(n) for n in NUMBERS]})
    floats.save_to_disk(OUT / "datasets/floats")
    case("datasets/floats", PLAIN, NUMBERS)
    floats.to_json(fresh("datasets/floats.json.gz"), compression="gzip")
    case("datasets/floats.json.gz", PLAIN, NUMBERS)


def by_pyarrow():
    table = pa.table({"text": pa.array(PLAIN, pa.string_view()), "label": pa.array(NUMBERS, pa.float64())})
    pq.write_table(table, fresh("pyarrow/views.parquet"), compression="lz4", use_dictionary=False)
    case("pyarrow/views.parquet", PLAIN, NUMBERS)
    many = pa.table({
        "bytes": pa.array([b"x" * i for i in (1, 20, 30, 2)], pa.binary_view()),
        "list": pa.array([[t, t + t] for t in PLAIN], pa.list_(pa.string_view())),
        "label": pa.array(["a longer label than fits", None, "b", "a longer label than fits"], pa.string_view()),
        "text": pa.array(PLAIN, pa.string_view()),
    })
    with pa.OSFile(str(fresh("pyarrow/views.arrow")), "wb") as file, pa.ipc.new_stream(file, many.schema) as stream:
        stream.write_table(many, max_chunksize=3)
    kept = [0, 2, 3]
    labels = many["label"].to_pylist()
    case("pyarrow/views.arrow", [PLAIN[i] for i in kept], [labels[i] for i in kept], drop_missing=True)
    twice = pa.Table.from_arrays([pa.array(PLAIN), pa.array(PLAIN), pa.array(NUMBERS)], names=["text", "text", "label"])
    pq.write_table(twice, fresh("pyarrow/twice.parquet"))
    case("pyarrow/twice.parquet", error=["several columns are named \"text\""])
    pyarrow.feather.write_feather(twice.select([1, 2]).rename_columns(["text", "label"]), fresh("pyarrow/one.feather"),
                                  compression="uncompressed")
    case("pyarrow/one.feather", PLAIN, NUMBERS)
    pyarrow.csv.write_csv(pa.table({"text": TEXTS, "label": LABELS}), fresh("pyarrow/rows.csv"))
    case("pyarrow/rows.csv", TEXTS, LABELS)
    # A folder of tables, as Spark and Dask leave it.
    half = pa.table({"text": PLAIN[:2], "label": ["x", "y"]})
    pq.write_table(half, fresh("pyarrow/parts/part-0000.parquet"))
    pq.write_table(half.set_column(0, "text", pa.array(PLAIN[2:])), fresh("pyarrow/parts/part-0001.parquet"))
    fresh("pyarrow/parts/_SUCCESS").write_bytes(b"")
    case("pyarrow/parts", PLAIN, ["x", "y", "x", "y"])
    case("pyarrow/parts", error=["not divided"], split="train")


def by_python():
    rows = list(zip(TEXTS, LABELS))
    for dialect, name in [("excel", "excel.csv"), ("excel-tab", "excel.tsv"), ("unix", "unix.csv")]:
        with open(fresh(f"python/{name}"), "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, dialect=dialect)
            writer.writerow(["text", "label"])
            writer.writerows(rows)
        case(f"python/{name}", TEXTS, LABELS)
    with open(fresh("python/sep.csv"), "w", newline="", encoding="utf-8-sig") as file:
        file.write("sep=;\r\n")
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["text", "label", ""])
        writer.writerows([*row, ""] for row in rows)
    case("python/sep.csv", TEXTS, LABELS)
    records = [{"text": t, "label": n, "score": s} for t, n, s in
               zip(PLAIN, NUMBERS, [float("nan"), float("-inf"), float("inf"), 1.5])]
    fresh("python/nan.json").write_text(json.dumps(records, indent=2))
    fresh("python/nan.jsonl").write_text("\n".join(map(json.dumps, records)))
    fresh("python/held.json").write_text(json.dumps({"version": "1.0", "notes": [1, 2], "data": records}, indent=1))
    fresh("python/lists.json").write_text(json.dumps({"text": PLAIN, "label": NUMBERS}))
    fresh("python/utf16.json").write_text(json.dumps(records), encoding="utf-16")
    for name in ["nan.json", "nan.jsonl", "held.json", "lists.json", "utf16.json"]:
        case(f"python/{name}", PLAIN, NUMBERS)
    fresh("python/splits.json").write_text(json.dumps({"train": records, "test": records[:1]}))
    case("python/splits.json", PLAIN[:1], NUMBERS[:1], split="test")
    case("python/splits.json", error=["several splits: train, test"])
    # json.dumps of text that was cut within a character beyond the basic plane.
    cut = [{"text": "cut off \ud83d", "label": "a"}, {"text": "whole 😀", "label": "\ude00b"}]
    fresh("python/surrogates.jsonl").write_text("\n".join(map(json.dumps, cut)))
    case("python/surrogates.jsonl", ["cut off \ufffd", "whole 😀"], ["a", "\ufffdb"])
    with gzip.open(fresh("python/rows.jsonl.gz"), "wt") as file:
        file.write("\n".join(map(json.dumps, records)))
    case("python/rows.jsonl.gz", PLAIN, NUMBERS)
    book = openpyxl.Workbook()
    for row in [("text", "label"), *rows]:
        book.active.append(row)
    book.save(fresh("python/book.xlsx"))
    shutil.copy(OUT / "python/book.xlsx", OUT / "python/book.csv")
    case("python/book.xlsx", error=["a spreadsheet", "CSV UTF-8"])
    case("python/book.csv", error=["a spreadsheet", "CSV UTF-8"])


def main():
    datasets.disable_progress_bars()
    shutil.rmtree(OUT, ignore_errors=True)
    for make in [by_pandas, by_polars, by_datasets, by_pyarrow, by_python]:
        make()
    fresh("expected.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
    print(len(cases), "cases")


if __name__ == "__main__":
    main()
