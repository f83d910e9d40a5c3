"""Writes the goldens of mri-reduce's UMAP with umap-learn.

    python generate_umap.py          (needs numpy, scikit-learn and umap-learn)

`umap.json` holds the fuzzy graph of a few rows, for each distance; and how much of the neighbourhoods
umap-learn keeps of more rows, among them rows held back and placed by `transform`, as means of five
seeds. The inputs come from the integer recurrence of generate.py, which the Rust tests repeat.
"""

import json
import pathlib
import warnings

import numpy as np
import umap
from generate import noise
from generate_quality import neighbours
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

K = 15
HELD = 100


def rows(n, columns=20, groups=8):
    """Groups of rows, each on a curved line of its own within noise."""
    z = noise(n * columns).reshape(n, columns)
    t = z[:, :1] * 6.0
    line = np.sin(t + np.arange(columns) * (1 + np.arange(n)[:, None] % groups) * 0.7)
    return (z + line + 2.0 * z[np.arange(n) % groups]).astype(np.float32)


def graph(metric):
    x = rows(60)
    state = np.random.RandomState(0)
    found, _, _ = umap.umap_.fuzzy_simplicial_set(x, 10, state, metric)
    found = found.tocoo()
    edges = sorted((int(i), int(j), float(w)) for i, j, w in zip(found.row, found.col, found.data))
    return {"distance": metric, "edges": [e for e in edges if e[0] < e[1]]}


def triplets(high, low):
    """The share of all triplets in the same order, row by row by Kendall's count."""
    n = len(high)
    total = 0.0
    for i in range(n):
        a, b = np.delete(high[i], i), np.delete(low[i], i)
        same = np.sign(a[:, None] - a) == np.sign(b[:, None] - b)
        np.fill_diagonal(same, False)
        total += same.sum() / ((n - 1) * (n - 2))
    return total / n


def measures(x, y, metric):
    """Trustworthiness, continuity, recall and triplets."""
    n = len(x)
    high = squareform(pdist(x.astype(np.float64), metric))
    low = squareform(pdist(y.astype(np.float64)))
    near_high, near_low = neighbours(x, K, metric), neighbours(y, K, "euclidean")
    rank = np.array([rankdata(row, method="ordinal") for row in low]) - 1
    excess = sum(max(0, rank[i, j] - K) for i, near in enumerate(near_high) for j in near)
    return [
        trustworthiness(x, y, n_neighbors=K, metric=metric),
        1 - excess * 2 / (n * K * (2 * n - 3 * K - 1)),
        np.mean([len(a & b) / K for a, b in zip(near_high, near_low)]),
        triplets(high, low),
    ]


def quality(metric):
    x = rows(600)
    x, held = x[:-HELD], x[-HELD:]
    true = NearestNeighbors(n_neighbors=K, metric=metric).fit(x).kneighbors(held)[1]
    sums = np.zeros(5)
    for seed in range(5):
        model = umap.UMAP(random_state=seed, metric=metric).fit(x)
        y = model.embedding_
        placed = NearestNeighbors(n_neighbors=K).fit(y).kneighbors(model.transform(held))[1]
        kept = np.mean([len(set(a) & set(b)) / K for a, b in zip(true, placed)])
        sums += [*measures(x, y, metric), kept]
    names = ["trustworthiness", "continuity", "recall", "triplets", "placed"]
    return {"distance": metric, **dict(zip(names, (float(v) for v in sums / 5)))}


def main():
    warnings.simplefilter("ignore")
    metrics = ("euclidean", "cosine")
    graphs, qualities = [graph(m) for m in metrics], [quality(m) for m in metrics]
    lines = ",\n".join(json.dumps(g) for g in graphs)
    more = ",\n".join(json.dumps(q) for q in qualities)
    path = pathlib.Path(__file__).with_name("umap.json")
    path.write_text(f'{{"umap": "{umap.__version__}",\n"graphs": [\n{lines}\n],\n"qualities": [\n{more}\n]}}\n')
    print(more)


if __name__ == "__main__":
    main()
