"""Writes mutual_information.json: adjusted mutual information by scikit-learn.

Run with numpy, scikit-learn:  python mutual_information.py
"""

import json
import pathlib

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

rng = np.random.default_rng(3)

partitions = []
for n, parts, noise in [(1, 1, 0), (5, 2, 0.5), (30, 4, 0.0), (30, 4, 0.5), (30, 4, 1.0), (120, 25, 0.3), (120, 60, 1.0)]:
    a = rng.integers(0, parts, n)
    b = np.where(rng.random(n) < noise, rng.integers(0, parts, n), (a + 1) % parts)
    partitions.append([a, b])
partitions.append([np.zeros(8, int), np.arange(8) % 3])  # one part
partitions.append([np.arange(8), np.arange(8)[::-1]])  # every row its own part
ami = [{"a": a.tolist(), "b": b.tolist(), "ami": float(adjusted_mutual_info_score(a, b))} for a, b in partitions]

rows = ",\n".join(map(json.dumps, ami))
pathlib.Path(__file__).with_suffix(".json").write_text('{\n"ami": [\n' + rows + "\n]\n}\n")
