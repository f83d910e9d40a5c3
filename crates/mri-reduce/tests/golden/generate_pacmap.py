"""Writes the goldens of mri-reduce's PaCMAP with the `pacmap` package.

    python generate_pacmap.py        (needs what generate_umap.py needs, and pacmap)

`pacmap.json` holds how much of the neighborhoods the package keeps of the rows of generate_umap.py,
among them rows held back and placed by `transform`, as means of five seeds.
"""

import json
import pathlib
import sys
import types
import warnings
from importlib.metadata import version

import numpy as np
import pacmap
from sklearn.neighbors import NearestNeighbors

# generate_umap.py imports umap-learn, which nothing here calls.
sys.modules.setdefault("umap", types.ModuleType("umap"))
from generate_umap import HELD, K, measures, rows

ANGULAR = {"euclidean": "euclidean", "cosine": "angular"}


def quality(metric):
    x = rows(600)
    x, held = x[:-HELD], x[-HELD:]
    true = NearestNeighbors(n_neighbors=K, metric=metric).fit(x).kneighbors(held)[1]
    sums = np.zeros(5)
    for seed in range(5):
        model = pacmap.PaCMAP(random_state=seed, distance=ANGULAR[metric], save_tree=False)
        y = model.fit_transform(x.copy())
        placed = model.transform(held.copy(), basis=x.copy())
        found = NearestNeighbors(n_neighbors=K).fit(y).kneighbors(placed)[1]
        kept = np.mean([len(set(a) & set(b)) / K for a, b in zip(true, found)])
        sums += [*measures(x, y, metric), kept]
    names = ["trustworthiness", "continuity", "recall", "triplets", "placed"]
    return {"distance": metric, **dict(zip(names, (float(v) for v in sums / 5)))}


def main():
    warnings.simplefilter("ignore")
    qualities = ",\n".join(json.dumps(quality(m)) for m in ("euclidean", "cosine"))
    path = pathlib.Path(__file__).with_name("pacmap.json")
    path.write_text(f'{{"pacmap": "{version("pacmap")}",\n"qualities": [\n{qualities}\n]}}\n')
    print(qualities)


if __name__ == "__main__":
    main()
