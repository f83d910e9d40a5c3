"""Writes summary.json: mean, variance, skewness and kurtosis by pandas, quantiles by numpy.

Run with numpy, pandas:  python summary.py
"""

import json
import math
import pathlib

import numpy as np
import pandas as pd

rng = np.random.default_rng(11)


def number(x):
    return float(x) if math.isfinite(x) else None


samples = [[], [3.0], [1.0, 4.0], [2.0, 2.0, 2.0], [0.1] * 7, [1.0, 2.0, 6.0], [1e6, 1e6 + 1, 1e6 + 3, 1e6 + 9]]
samples += [np.round(rng.gamma(0.7, 3.0, n), 3).tolist() for n in (4, 5, 30, 200)]

cases = []
for sample in samples:
    s = pd.Series(sample, dtype=float)
    summary = {name: number(getattr(s, name)()) for name in ("mean", "var", "skew", "kurt")}
    if len(set(sample)) == 1:  # pandas 2 gives 0 from 3 and from 4 values on, pandas 3 NaN
        summary["skew"] = 0.0 if len(sample) >= 3 else None
        summary["kurt"] = 0.0 if len(sample) >= 4 else None
    quantiles = [[q, float(np.quantile(sample, q))] for q in (0.0, 0.025, 0.3, 0.5, 0.9, 1.0)] if sample else []
    cases.append({"sample": sample, "summary": summary, "quantiles": quantiles})

pathlib.Path(__file__).with_suffix(".json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")
