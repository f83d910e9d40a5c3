"""Hidden states of a corpus as LLM-MRI 0.2.1 records them, for the bench `extract`.

    python llm_mri_hidden.py --model FOLDER --corpus FILE.csv --out FOLDER

Only what extracts is run, `_initialize_dataset` and `_extract_all_hidden_states` of its ActivationAreas:
nothing is reduced or drawn. Caches are off, so that every run does the work. Reads a line per run from stdin
and answers with one JSON line, as transformers_hidden.py does; the model is loaded within each run, since
LLM-MRI loads it anew for every 1,000 texts.
"""

import argparse
import csv
import json
import os
import sys
import time

os.environ["MPLBACKEND"] = "Agg"  # its plots want a window

import datasets
import torch
from llm_mri import ActivationAreas


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    datasets.disable_caching()
    datasets.disable_progress_bars()
    with open(args.corpus, newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    label = datasets.ClassLabel(names=["a", "b"])
    features = datasets.Features({"text": datasets.Value("string"), "label": label})
    table = {"text": texts, "label": [i % 2 for i in range(len(texts))]}
    dataset = datasets.Dataset.from_dict(table, features=features)

    print(json.dumps({"load": 0.0, "threads": torch.get_num_threads(), "torch": torch.__version__}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        areas = ActivationAreas(args.model, dataset, reduction_method=None)
        areas.dataset = areas._initialize_dataset()
        hidden = areas.dataset.map(areas._extract_all_hidden_states, batched=True)
        total = time.perf_counter() - start
        assert "hidden_state_0" in hidden.column_names
        print(json.dumps({"forward": total, "total": total}), flush=True)


if __name__ == "__main__":
    main()
