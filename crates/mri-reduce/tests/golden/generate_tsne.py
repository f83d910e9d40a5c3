"""Writes the goldens of mri-reduce's t-SNE with openTSNE.

    python generate_tsne.py          (needs numpy, scikit-learn, openTSNE, and umap-learn for its neighbour)

`tsne.json` holds the chances of pairs of a few rows, for each distance; and how much of the neighbourhoods
openTSNE keeps of more rows, among them rows held back and placed by `transform`, as means of five
seeds. The inputs come from the integer recurrence of generate.py, which the Rust tests repeat.
"""

import json
import pathlib
import warnings

import numpy as np
import openTSNE
from generate_umap import HELD, K, measures, rows
from openTSNE.affinity import PerplexityBasedNN
from sklearn.neighbors import NearestNeighbors


def pairs(metric):
    found = PerplexityBasedNN(rows(60), perplexity=7, metric=metric, method="exact", symmetrize=True)
    found = found.P.tocoo()
    edges = sorted((int(i), int(j), round(float(w), 8)) for i, j, w in zip(found.row, found.col, found.data))
    return {"distance": metric, "edges": [e for e in edges if e[0] < e[1]]}


def quality(metric):
    x = rows(600)
    x, held = x[:-HELD], x[-HELD:]
    true = NearestNeighbors(n_neighbors=K, metric=metric).fit(x).kneighbors(held)[1]
    sums = np.zeros(5)
    for seed in range(5):
        model = openTSNE.TSNE(random_state=seed, metric=metric, negative_gradient_method="bh", theta=0.2).fit(x)
        y = np.asarray(model)
        placed = NearestNeighbors(n_neighbors=K).fit(y).kneighbors(np.asarray(model.transform(held)))[1]
        kept = np.mean([len(set(a) & set(b)) / K for a, b in zip(true, placed)])
        sums += [*measures(x, y, metric), kept]
    names = ["trustworthiness", "continuity", "recall", "triplets", "placed"]
    return {"distance": metric, **dict(zip(names, (float(v) for v in sums / 5)))}


def main():
    warnings.simplefilter("ignore")
    metrics = ("euclidean", "cosine")
    graphs, qualities = [pairs(m) for m in metrics], [quality(m) for m in metrics]
    lines = ",\n".join(json.dumps(g) for g in graphs)
    more = ",\n".join(json.dumps(q) for q in qualities)
    path = pathlib.Path(__file__).with_name("tsne.json")
    path.write_text(f'{{"openTSNE": "{openTSNE.__version__}",\n"graphs": [\n{lines}\n],\n"qualities": [\n{more}\n]}}\n')
    print(more)


if __name__ == "__main__":
    main()
