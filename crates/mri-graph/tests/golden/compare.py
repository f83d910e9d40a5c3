"""Writes compare.json: adjusted mutual information by scikit-learn, linear CKA by numpy.

Run with numpy, scikit-learn:  python compare.py
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
partitions.append([np.arange(8), np.arange(8)[::-1]])  # every text its own part
ami = [{"a": a.tolist(), "b": b.tolist(), "ami": float(adjusted_mutual_info_score(a, b))} for a, b in partitions]


def hsic(k, m):
    """Through n x n kernels: another way to the same number."""
    n = len(k)
    h = np.eye(n) - 1 / n
    return np.trace(k @ h @ m @ h)


cka = []
for n, p, q, link in [(20, 3, 3, 0.0), (20, 5, 2, 1.0), (9, 12, 7, 0.5), (700, 2, 3, 0.3)]:
    x = np.round(rng.normal(2, 1, (n, p)), 3).astype(np.float32)
    mix = rng.normal(size=(p, q))
    y = np.round(link * x @ mix + rng.normal(size=(n, q)), 3).astype(np.float32)
    k, m = (z.astype(float) @ z.T.astype(float) for z in (x, y))
    value = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
    cka.append({"x": [[round(float(v), 3) for v in r] for r in x], "y": [[round(float(v), 3) for v in r] for r in y], "cka": float(value)})

lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in {"ami": ami, "cka": cka}.items()]
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
