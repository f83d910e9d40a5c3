"""Writes the goldens of mri-reduce's quality measures with scikit-learn and scipy.

    python generate_quality.py          (needs numpy, scipy and scikit-learn)

The inputs come from the integer recurrence of generate.py, which the Rust tests repeat.
"""

import json
import pathlib

import numpy as np
from generate import noise
from scipy.spatial import procrustes
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

N = 120


def case():
    z = noise(N * 10).reshape(N, 10)
    x = (z[:, :8] * [3, 2, 1, 1, 1, 0.5, 0.5, 0.5] + 5.0).astype(np.float32)
    y = (z[:, :2] * [3, 2] + z[:, 8:]).astype(np.float32)
    return x.astype(np.float64), y.astype(np.float64)


def neighbours(x, k, metric):
    found = NearestNeighbors(n_neighbors=k, metric=metric).fit(x).kneighbors(return_distance=False)
    return [set(row) for row in found]


def triplets(high, low):
    """All triplets, one by one."""
    agree = total = 0
    for i in range(N):
        for j in range(N):
            for l in range(j):
                if i not in (j, l):
                    total += 1
                    agree += (high[i, j] < high[i, l]) == (low[i, j] < low[i, l])
    return agree / total


def main():
    x, y = case()
    labels = np.arange(N) % 3
    out = []
    for metric in ("euclidean", "cosine"):
        for k in (5, 15):
            high, low = neighbours(x, k, metric), neighbours(y, k, "euclidean")
            dx, dy = pdist(x, metric), pdist(y)
            out.append(
                {
                    "distance": metric,
                    "k": k,
                    "trustworthiness": trustworthiness(x, y, n_neighbors=k, metric=metric),
                    # scikit-learn has no continuity; with Euclidean distances on both sides it is
                    # trustworthiness with the roles changed.
                    "continuity": trustworthiness(y, x, n_neighbors=k)
                    if metric == "euclidean"
                    else None,
                    "recall": float(np.mean([len(a & b) / k for a, b in zip(high, low)])),
                    "hit": float(
                        np.mean([np.mean(labels[list(b)] == labels[i]) for i, b in enumerate(low)])
                    ),
                    "correlation": float(spearmanr(dx, dy).statistic),
                    "triplets": triplets(squareform(dx), squareform(dy)),
                }
            )
    disparity = float(procrustes(x[:, :2], y)[2])
    text = ",\n".join(json.dumps(entry) for entry in out)
    path = pathlib.Path(__file__).with_name("quality.json")
    path.write_text(f'{{"disparity": {disparity!r}, "cases": [\n{text}\n]}}\n')


if __name__ == "__main__":
    main()
