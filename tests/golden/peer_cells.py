"""Cells and co-activation edges of the bundled corpus as the peer library LLM-MRI gives them.

Needs Python 3.11 with llm-mri 0.2.1, and what it imports:

    pip install "numpy<2" "pandas<3" "pyarrow<20" "datasets<3" "transformers<5" torch scikit-learn \
        matplotlib seaborn networkx pygraphviz umap-learn progress
    pip install --no-deps "torchdr<0.3" llm-mri==0.2.1

The model is the one that `cargo xtask setup` fetches. Run from the root of the workspace.
"""

import csv
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from datasets import ClassLabel, Dataset, Features, Value
from llm_mri.ActivationAreas import ActivationAreas
from llm_mri.dimensionality_reduction import PCA

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / ".models/all-MiniLM-L6-v2"


def main():
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples/data/topics.csv"
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("peer_cells.json")
    with open(data, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(dict.fromkeys(row["label"] for row in rows))
    dataset = Dataset.from_dict(
        {"text": [r["text"] for r in rows], "label": [names.index(r["label"]) for r in rows]},
        features=Features({"text": Value("string"), "label": ClassLabel(names=names)}),
    )
    areas = ActivationAreas(str(MODEL), dataset, PCA(n_components=2, gridsize=10))
    areas.process_activation_areas()
    layers = [
        [[int(x), int(y)] for x, y in zip(grid["X"], grid["Y"])]
        for grid in areas.graph_class.reduced_dataset
    ]
    edges = {}
    for name in ["", *names]:
        graph = areas.get_graph(name)
        edges[name] = sorted([a, b, int(w)] for a, b, w in graph.edges(data="weight"))
    golden = {"generator": "llm-mri 0.2.1", "categories": names, "cells": layers, "edges": edges}
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
