"""Writes differences.json: what llm-mri 0.2.1 (PyPI) computes on a small scan.

Run with llm-mri 0.2.1, networkx 3, pandas, torch:  python differences.py
What that package imports only to draw may be missing: it is replaced by a stand-in that does nothing.
"""

import importlib.util
import io
import json
import pathlib
import sys
import warnings
from unittest.mock import MagicMock

warnings.simplefilter("ignore")
for name in ("progress", "seaborn", "pygraphviz", "umap", "datasets"):
    if importlib.util.find_spec(name) is None:
        sys.modules |= {name: MagicMock(), f"{name}.bar": MagicMock()}

import networkx as nx  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
from llm_mri.graph.graph_2d import Graph2D  # noqa: E402
from llm_mri.graph.graph_nd import GraphND  # noqa: E402
from llm_mri.Metrics import Metrics  # noqa: E402

NAMES = ["bird", "fish", "tree"]
LAYERS, TEXTS, SIDE = 4, 150, 7
rng = np.random.default_rng(11)
labels = rng.integers(0, 3, TEXTS)
# Two categories that drift apart but stay in touch, and a third.
cells = [
    np.clip(np.round(rng.normal(3 + (labels[:, None] - 1) * layer * 0.2, 0.8, (TEXTS, 2))), 0, SIDE - 1).astype(int)
    for layer in range(LAYERS)
]


def graph_2d():
    g = object.__new__(Graph2D)
    g.num_layers, g.class_names = LAYERS, NAMES  # as ActivationAreas sets it: the number of hidden states
    g.hidden_states = MagicMock(column_names=[f"hidden_state_{i}" for i in range(LAYERS)])
    g.reduced_dataset = []
    for i, layer in enumerate(cells):
        frame = pd.DataFrame({"X": layer[:, 0], "Y": layer[:, 1], "label": labels})
        frame["cell_label"] = f"{i}_" + frame.X.astype(str) + "_" + frame.Y.astype(str)
        g.reduced_dataset.append(frame)
    return g


def outcome(f):
    """The value, or the name of the exception."""
    try:
        value = f()
    except Exception as error:
        return type(error).__name__
    return value


def total(graph):
    return int(sum(w for _, _, w in graph.edges(data="weight")))


g = graph_2d()
both = ["bird", "fish"]
one = g.build_graph("bird")
metrics = outcome(lambda: Metrics(one, "bird", "model"))
frame = g.reduced_dataset[0]
frame = frame[frame.label == 0]
heatmap = pd.crosstab(frame.Y, frame.X)
out = {
    "names": NAMES,
    "side": SIDE,
    "labels": labels.tolist(),
    "cells": [layer.tolist() for layer in cells],
    "composed": total(g.build_graph(both)),
    "composed_other_order": total(g.build_graph(both[::-1])),
    "composed_of_three": total(g.build_graph(NAMES)),
    "graphml": outcome(lambda: nx.write_graphml(g.build_graph(both), io.BytesIO())),
    "heatmap": list(heatmap.shape),
}
if isinstance(metrics, str):
    out["metrics"] = metrics
else:
    basic = metrics.get_basic_metrics()
    out["density"] = basic["density"]
    out["center_of_mass"] = basic["center_of_mass"]
    strength = basic["center_of_strength"]
    out["center_of_strength"] = None if np.isnan(strength) else strength
    out["mean_strength"] = basic["mean_strength"]
    out["projections"] = [
        outcome(metrics.get_projection_metrics_even),
        outcome(metrics.get_projection_metrics_odd),
    ]

# Correlations: component 0 of layer 0 drives component 3 of layer 1, the rest is noise.
n = object.__new__(GraphND)
n.num_layers, n.class_names = 2, ["all"]
points = [np.round(rng.normal(size=(12, 4)), 6) for _ in range(2)]
points[1][:, 3] = np.round(points[0][:, 0] + 0.05 * rng.normal(size=12), 6)
states = {f"hidden_state_{i}": torch.tensor(p) for i, p in enumerate(points)}
edges = n._get_spearman_graph(states, 0, 0.3).edges(data="weight")
out["points"] = [p.tolist() for p in points]
out["correlated"] = sorted([s, t, round(float(w), 6)] for s, t, w in edges)
ties = [[1.0, 2.0, 2.0, 3.0, 4.0, 5.0], [1.0, 2.0, 3.0, 3.0, 5.0, 4.0]]
x, y = (torch.tensor(t)[:, None] for t in ties)
out["ties"] = ties
out["rho_with_ties"] = float(n._spearman_correlation(x, y)[0, 0])
constant = torch.ones(6, 1)
out["rho_of_constants"] = float(n._spearman_correlation(constant, constant)[0, 0])

path = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in out.items())
path.write_text("{\n" + lines + "\n}\n")
