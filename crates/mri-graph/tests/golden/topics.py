"""Writes topics.json: the maps of two topics of examples/data/topics.csv in the layers of all-MiniLM-L6-v2.

Run with transformers, torch, numpy and the model in .models (cargo xtask setup):  python topics.py
The map of a layer is the first two principal components of its standardised [CLS] rows.
"""

import csv
import json
import pathlib

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

NAMES = ["music", "law"]
here = pathlib.Path(__file__).resolve()
root = here.parents[4]
with open(root / "examples/data/topics.csv", newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["label"] in NAMES]
folder = root / ".models/all-MiniLM-L6-v2"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
states = []
with torch.no_grad():
    for row in rows:
        tokens = tokenizer(row["text"], return_tensors="pt", truncation=True, max_length=512)
        hidden = model(**tokens, output_hidden_states=True).hidden_states
        states.append([layer[0, 0].double().numpy() for layer in hidden])

layers = []
for layer in np.array(states).transpose(1, 0, 2)[1:]:  # [CLS] is the same for every text in layer 0
    x = (layer - layer.mean(0)) / layer.std(0)
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    layers.append(np.round(u[:, :2] * s[:2], 2).tolist())
golden = {"names": NAMES, "labels": [NAMES.index(row["label"]) for row in rows], "layers": layers}
lines = [f'"{key}": {json.dumps(golden[key])}' for key in ("names", "labels")]
lines.append('"layers": [\n' + ",\n".join(map(json.dumps, layers)) + "\n]")
here.with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
