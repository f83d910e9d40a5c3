"""Writes cka.json: linear CKA by numpy.

Run with numpy:  python cka.py
"""

import json
import pathlib

import numpy as np

rng = np.random.default_rng(3)

# These matrices were first drawn after other cases from one stream; the same draws are skipped.
for n, parts in [(1, 1), (5, 2), (30, 4), (30, 4), (30, 4), (120, 25), (120, 60)]:
    rng.integers(0, parts, n), rng.random(n), rng.integers(0, parts, n)


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

lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in {"cka": cka}.items()]
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
