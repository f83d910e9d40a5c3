"""Small corpora in the formats that datasets, pandas and pyarrow write, and what is in them.

    python corpora.py            # into corpora/ beside this script

expected.json lists for every corpus the texts, the names of the labels in their order, and the
label number of each text, as the libraries themselves read the files back.

Needs: datasets, pandas, pyarrow (made with 5.2.0, 3.1.1 and 26.0.1).
"""

import json
import shutil
from pathlib import Path

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).parent / "corpora"

TEXTS = ["a fugue in three voices", "naïve Bayes, “quoted”", "two\nlines, and a comma", "the appeal was dismissed",
         "🎻 strings", "tab\there", "short"]
# The first row has the second of the declared classes: declared order is not that first seen.
CLASSES = ["law", "music", "art"]
IDS = [1, 0, 2, 0, 1, 2, 1]


def by_name(names):
    """Label numbers as tables number them: in the order first seen."""
    order = list(dict.fromkeys(names))
    return order, [order.index(name) for name in names]


def class_dataset(ids=IDS):
    """Texts and classes between columns of kinds that have other numbers of Arrow buffers."""
    n = len(TEXTS)
    features = datasets.Features({
        "id": datasets.Value("int32"),
        "tags": datasets.List(datasets.Value("string")),
        "where": {"file": datasets.Value("string"), "line": datasets.Value("int64")},
        "text": datasets.Value("string"),
        "vector": datasets.List(datasets.Value("float32"), length=2),
        "when": datasets.Value("timestamp[s]"),
        "good": datasets.Value("bool"),
        "nothing": datasets.Value("null"),
        "label": datasets.ClassLabel(names=CLASSES),
        "score": datasets.Value("float64"),
    })
    return datasets.Dataset.from_dict({
        "id": list(range(n)),
        "tags": [["x"] * (i % 3) for i in range(n)],
        "where": [{"file": f"f{i}", "line": i} for i in range(n)],
        "text": TEXTS,
        "vector": [[0.5, i] for i in range(n)],
        "when": [1_600_000_000 + i for i in range(n)],
        "good": [i % 2 == 0 for i in range(n)],
        "nothing": [None] * n,
        "label": ids,
        "score": [i / 3 for i in range(n)],
    }, features=features)


def main():
    datasets.disable_progress_bars()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    expected = {}

    def expect(name, texts, names, ids):
        expected[name] = {"texts": list(texts), "names": list(names), "ids": [int(i) for i in ids]}

    # datasets: declared classes, three files of rows.
    data = class_dataset()
    data.save_to_disk(OUT / "classes.hf", num_shards=3)
    back = datasets.load_from_disk(OUT / "classes.hf")
    expect("classes.hf", back["text"], back.features["label"].names, back["label"])

    # Two parts.
    parts = datasets.DatasetDict(train=data.select(range(5)), test=data.select(range(5, 7)))
    parts.save_to_disk(OUT / "parts.hf")
    for split in ["train", "test"]:
        back = datasets.load_from_disk(OUT / "parts.hf")[split]
        expect(f"parts.hf {split}", back["text"], back.features["label"].names, back["label"])

    # Rows picked by indices, which save_to_disk writes out.
    data.select([6, 0, 3]).save_to_disk(OUT / "picked.hf")
    back = datasets.load_from_disk(OUT / "picked.hf")
    expect("picked.hf", back["text"], CLASSES, back["label"])

    # Labels without declared classes, and long strings; then missing values.
    words = [CLASSES[i] for i in IDS]
    for name, kind, labels in [("words.hf", "large_string", words),
                               ("numbers.hf", "int8", [i - 1 for i in IDS]),
                               ("unsigned.hf", "uint8", [250 + i for i in IDS]),
                               ("flags.hf", "bool", [i == 0 for i in IDS])]:
        features = datasets.Features(text=datasets.Value("large_string"), label=datasets.Value(kind))
        datasets.Dataset.from_dict({"text": TEXTS, "label": labels}, features=features).save_to_disk(OUT / name)
        back = datasets.load_from_disk(OUT / name)
        expect(name, back["text"], *by_name([str(x).lower() if kind == "bool" else str(x) for x in back["label"]]))
    gaps = datasets.Dataset.from_dict(
        {"text": ["a", None, "c", "d"], "label": [0, 1, None, -1]},
        features=datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=CLASSES)))
    gaps.save_to_disk(OUT / "gaps.hf")
    expect("gaps.hf", ["a"], CLASSES, [0])

    # A label that is none of the classes: datasets itself refuses to write it.
    table = pa.table({"text": ["a", "b"], "label": pa.array([2, 3])})
    (OUT / "unknown.hf").mkdir()
    for name in ["dataset_info.json", "state.json"]:
        shutil.copy(OUT / "gaps.hf" / name, OUT / "unknown.hf" / name)
    with pa.ipc.new_stream(OUT / "unknown.hf" / "data-00000-of-00001.arrow", table.schema) as stream:
        stream.write_table(table)

    # Parquet, by pandas and by datasets, in several compressions and row groups.
    frame = pd.DataFrame({"other": range(len(TEXTS)), "label": words, "text": TEXTS})
    for codec in ["snappy", "gzip", "zstd", "none"]:
        name = f"{codec}.parquet"
        frame.to_parquet(OUT / name, compression=None if codec == "none" else codec, row_group_size=3, index=False)
        back = pd.read_parquet(OUT / name)
        expect(name, back["text"], *by_name(back["label"]))
    frame.assign(label=frame["label"].astype("category")).to_parquet(OUT / "category.parquet")
    expect("category.parquet", TEXTS, *by_name(words))
    data.select_columns(["text", "label"]).to_parquet(OUT / "classes.parquet")
    expect("classes.parquet", TEXTS, CLASSES, IDS)
    pq.write_table(pa.table({"text": ["a", None, "c"], "label": pa.array([7, 8, None], pa.int16())}),
                   OUT / "gaps.parquet")
    expect("gaps.parquet", ["a"], ["7"], [0])

    # Strings as differences, in both versions of pages, with gaps, over several pages and blocks.
    many = [None if i % 11 == 7 else f"{TEXTS[i % 5]} {i * i}" for i in range(160)]
    ids = [CLASSES[i % 3] for i in range(160)]
    for version in ["1.0", "2.0"]:
        for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]:
            name = f"{encoding.split('_')[1].lower()}-{version[0]}.parquet"
            pq.write_table(pa.table({"text": many, "label": ids}), OUT / name, use_dictionary=["label"],
                           column_encoding={"text": encoding}, data_page_version=version, compression="zstd",
                           data_page_size=2048, write_batch_size=70, row_group_size=140)
            back = pq.read_table(OUT / name).to_pydict()
            kept = [(text, label) for text, label in zip(back["text"], back["label"]) if text is not None]
            expect(name, [text for text, _ in kept], *by_name([label for _, label in kept]))

    # JSON Lines and tables by pandas.
    frame.to_json(OUT / "rows.jsonl", orient="records", lines=True)
    frame.to_csv(OUT / "rows.csv", index=False)
    frame.to_csv(OUT / "rows.tsv", index=False, sep="\t")
    for name in ["rows.jsonl", "rows.csv", "rows.tsv"]:
        expect(name, TEXTS, *by_name(words))

    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
