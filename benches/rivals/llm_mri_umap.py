"""Reduces the layers of a recording by UMAP as LLM-MRI 0.2.1 does, for `llm-mri reduce` to be timed beside.

    python llm_mri_umap.py STORE OUT [--twice]

STORE is a folder that `llm-mri extract` wrote. What runs is `UMAP.get_hidden_states_reduction` of
LLM-MRI's, once per layer, without a seed and with all cores; OUT/LAYER.npy gets the points. With --twice
each layer is then reduced again by `get_reduction`, as LLM-MRI does on the way to its grids. Time the
whole process: LLM-MRI loads its libraries and compiles each time it is started. Needs LLM-MRI.
"""

import argparse
import os
import pathlib

os.environ["MPLBACKEND"] = "Agg"  # its plots want a window

import numpy as np
import torch
from llm_mri.dimensionality_reduction import UMAP


class Rows(dict):
    """What LLM-MRI asks of its dataset: columns by name."""

    column_names = property(lambda self: list(self))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--twice", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    files = sorted((args.store / "activations").glob("resid.*.npy"))
    rows = Rows((f"hidden_state_{i}", torch.from_numpy(np.load(f).astype("<f4"))) for i, f in enumerate(files))
    reducer = UMAP(n_components=2)
    for points, file in zip(reducer.get_hidden_states_reduction(rows).values(), files):
        np.save(args.out / file.name, points.numpy())
    if args.twice:
        for x in rows.values():
            reducer.get_reduction(x.numpy())


if __name__ == "__main__":
    main()
