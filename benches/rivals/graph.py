"""The work of benches/graph.rs with pandas and networkx; prints `stage seconds value` per stage.

python graph.py FOLDER TEXTS LAYERS SIDE CATEGORIES
"""

import json
import pathlib
import sys
import time

import networkx as nx
import numpy as np
import pandas as pd
from networkx.algorithms import bipartite

folder = pathlib.Path(sys.argv[1])
texts, n_layers, side, categories = map(int, sys.argv[2:])
points = np.fromfile(folder / "points.f32", dtype="<f4").reshape(n_layers, texts, 2)
labels = np.fromfile(folder / "labels.u32", dtype="<u4")


def build(rows):
    graph = nx.DiGraph()
    for layer in range(n_layers - 1):
        pairs = pd.DataFrame({"source": cells[layer][rows], "target": cells[layer + 1][rows]})
        counted = pairs.groupby(["source", "target"]).size().reset_index(name="weight")
        graph.add_weighted_edges_from(counted.itertuples(index=False))
    return graph


def measure(graph):
    degree, strength = dict(graph.degree()), dict(graph.degree(weight="weight"))
    for values in (degree, strength):
        s = pd.Series(list(values.values()), dtype=float)
        s.mean(), s.var(), s.skew(), s.kurt()
    nx.degree_assortativity_coefficient(graph, weight="weight")
    nx.density(graph)
    layer_of = {v: int(v.split("_")[0]) for v in graph}
    sum(layer_of.values()) / len(graph)
    paths = []
    for parity in (0, 1):
        chosen = [v for v in graph if layer_of[v] % 2 == parity]
        p = bipartite.collaboration_weighted_projected_graph(graph.to_undirected(), chosen)
        for values in (dict(p.degree()), dict(p.degree(weight="weight"))):
            s = pd.Series(list(values.values()), dtype=float)
            s.mean(), s.var()
        nx.average_clustering(p, weight="weight")
        nx.degree_assortativity_coefficient(p, weight="weight")
        nx.density(p)
        for _, _, d in p.edges(data=True):
            d["length"] = 1 / d["weight"]
        big = p.subgraph(max(nx.connected_components(p), key=len)).copy()
        paths.append(nx.average_shortest_path_length(big, weight="length"))
    return paths[0]


start = time.perf_counter()
cells = []
for layer in range(n_layers):
    x, y = (pd.cut(pd.Series(points[layer, :, axis]), side, labels=False).astype(str) for axis in (0, 1))
    cells.append((f"{layer}_" + x + "_" + y).to_numpy())
whole = build(slice(None))
for c in range(categories):  # one weight per category on every edge
    part = build(labels == c)
    nx.set_edge_attributes(whole, {(s, t): w for s, t, w in part.edges(data="weight")}, f"weight {c}")
print("grid+graph", time.perf_counter() - start, whole.number_of_edges(), flush=True)

start = time.perf_counter()
pd.DataFrame(whole.edges(data=True)).to_csv(folder / "edges.csv")
(folder / "graph.json").write_text(json.dumps(nx.node_link_data(whole, edges="edges"), default=int))
nx.write_graphml(whole, folder / "graph.graphml")
nx.write_gexf(whole, folder / "graph.gexf")
print("exports", time.perf_counter() - start, 0, flush=True)

start = time.perf_counter()
value = measure(build(labels == 0))
print("metrics-of-one", time.perf_counter() - start, value, flush=True)
for c in range(1, categories):
    measure(build(labels == c))
measure(whole)
print("metrics-of-all", time.perf_counter() - start, value, flush=True)
