"""Writes ranks.json: Spearman's rho with p by scipy, adjusted p-values by statsmodels.

Run with numpy, scipy, statsmodels:  python ranks.py
"""

import json
import math
import pathlib
import warnings

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")  # constant columns are among the cases
rng = np.random.default_rng(7)


def pair(n, ties, link):
    x = rng.normal(size=n)
    y = link * x + rng.normal(size=n)
    if ties:
        x, y = np.round(x), np.round(2 * y) / 2
    return np.round(x, 4).tolist(), np.round(y, 4).tolist()


pairs = [pair(n, ties, link) for n in (3, 4, 5, 12, 65, 200) for ties in (False, True) for link in (0.0, 0.6, -3.0)]
pairs.append(([1.0] * 6, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))  # no spread
pairs.append(([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 9.0]))  # rho = 1
pairs.append(([1.0, 2.0, 3.0, 4.0], [9.0, 6.0, 4.0, 2.0]))  # rho = -1

spearman = []
for x, y in pairs:
    result = stats.spearmanr(x, y)
    rho, p = float(result.statistic), float(result.pvalue)
    spearman.append({"x": x, "y": y, "rho": rho if math.isfinite(rho) else None, "p": p if math.isfinite(p) else None})

# p of given rho and n, for samples too long to store.
tails = []
for n in (50, 1000, 63000):
    for rho in (0.0001, 0.004, 0.02, 0.1, 0.3):
        t = rho * math.sqrt((n - 2) / (1 - rho * rho))
        tails.append([rho, n, float(2 * stats.t.sf(t, n - 2))])

adjusted = []
for m in (1, 2, 5, 40):
    p = np.round(rng.beta(0.5, 2.0, size=m), 4)
    adjusted.append({"p": p.tolist(), "q": multipletests(p, method="fdr_bh")[1].tolist()})

golden = {"spearman": spearman, "tails": tails, "adjusted": adjusted}
lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in golden.items()]
pathlib.Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
