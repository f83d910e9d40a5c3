"""Writes metrics.json: layered graphs and their numbers by networkx and pandas.

Run with networkx 3, pandas, numpy:  python metrics.py
"""

import json
import math
import pathlib

import networkx as nx
import numpy as np
import pandas as pd
from networkx.algorithms import bipartite

SEED = 20240


def number(x):
    x = float(x)
    return x if math.isfinite(x) else None


def quietly(f, *args, **kwargs):
    """The value, or None where there is no spread: networkx divides by zero or by rounding noise there."""
    with np.errstate(all="ignore"):
        x = f(*args, **kwargs)
    return number(x) if math.isfinite(x) and abs(x) <= 1 + 1e-9 else None


def make(shape, rng):
    n_layers = int(rng.integers(2, 7))
    layers, weights = [], {}
    if shape == "paths":  # what a scan gives: texts that walk through the cells of a grid
        cells, texts = int(rng.integers(3, 9)), int(rng.integers(5, 120))
        names = {}
        walks = [[int(rng.binomial(cells - 1, 0.2 + 0.6 * (t % 3) / 2)) for _ in range(n_layers)] for t in range(texts)]
        for layer in range(n_layers):
            for cell in sorted({w[layer] for w in walks}):
                names[layer, cell] = len(layers)
                layers.append(layer)
        for w in walks:
            for layer in range(n_layers - 1):
                e = names[layer, w[layer]], names[layer + 1, w[layer + 1]]
                weights[e] = weights.get(e, 0) + 1
    else:  # any pair of neighboring layers, with few or many edges; nodes may stay alone
        share = 0.15 if shape == "sparse" else 0.8
        for layer in range(n_layers):
            layers += [layer] * int(rng.integers(1, 8))
        for u, lu in enumerate(layers):
            for v, lv in enumerate(layers):
                if lv == lu + 1 and rng.random() < share:
                    weights[u, v] = round(float(rng.gamma(1.5, 4.0)) + 0.01, 3)
    return n_layers, layers, [[u, v, w] for (u, v), w in sorted(weights.items())]


def moments(values, prefix, full=True):
    s = pd.Series(values, dtype=float)
    out = {f"mean_{prefix}": number(s.mean()), f"var_{prefix}": number(s.var())}
    if full:
        out |= {f"skew_{prefix}": number(s.skew()), f"kurt_{prefix}": number(s.kurt())}
    return out


def projection(graph, layers, parity):
    chosen = [v for v in graph if layers[v] % 2 == parity]
    p = bipartite.collaboration_weighted_projected_graph(graph.to_undirected(), chosen)
    for _, _, d in p.edges(data=True):
        d["length"] = 1 / d["weight"]
    out = {"nodes": len(p), "edges": p.number_of_edges()}
    out |= moments(dict(p.degree()).values(), "degree", full=False)
    out |= moments(dict(p.degree(weight="weight")).values(), "strength", full=False)
    out["average_clustering"] = number(nx.average_clustering(p, weight="weight")) if len(p) else None
    spread = len({round(s, 9) for v, s in p.degree(weight="weight") if p.degree(v) > 0})
    out["assortativity"] = quietly(nx.degree_assortativity_coefficient, p, weight="weight") if spread > 1 else None
    out["density"] = number(nx.density(p)) if len(p) > 1 else None
    big = max(nx.connected_components(p), key=len, default=())
    out["average_shortest_path"] = (
        number(nx.average_shortest_path_length(p.subgraph(big), weight="length")) if len(big) > 1 else None
    )
    return out


def measure(n_layers, layers, edges, rng):
    g = nx.DiGraph()
    g.add_nodes_from(range(len(layers)))
    g.add_weighted_edges_from(edges)
    out = {"nodes": len(g), "edges": g.number_of_edges()}
    strengths = dict(g.degree(weight="weight"))
    out |= moments(dict(g.degree()).values(), "degree") | moments(strengths.values(), "strength")
    source = {round(g.out_degree(u, weight="weight"), 9) for u, v in g.edges}
    target = {round(g.in_degree(v, weight="weight"), 9) for u, v in g.edges}
    spread = len(source) > 1 and len(target) > 1
    out["assortativity"] = quietly(nx.degree_assortativity_coefficient, g, weight="weight") if spread else None
    out["density"] = number(nx.density(g)) if len(g) > 1 else None
    sizes = [layers.count(layer) for layer in range(n_layers)]
    possible = sum(a * b for a, b in zip(sizes, sizes[1:]))
    out["layered_density"] = g.number_of_edges() / possible if possible else None
    offset = np.array(layers) - (n_layers - 1) / 2
    out["center_of_mass"] = number(offset.mean())
    s = np.array([strengths[v] for v in g], dtype=float)
    out["center_of_strength"] = number(np.average(offset, weights=s)) if s.sum() else None
    out["by_layer"] = []
    for layer in range(n_layers):
        nodes = [v for v in g if layers[v] == layer]
        row = {"layer": layer, "nodes": len(nodes)}
        row |= moments([g.degree(v) for v in nodes], "degree", full=False)
        row |= moments([strengths[v] for v in nodes], "strength", full=False)
        out["by_layer"].append(row)
    out["even"], out["odd"] = (projection(g, layers, parity) for parity in (0, 1))

    for _, _, d in g.edges(data=True):
        d["length"] = 1 / d["weight"]
    between = nx.betweenness_centrality(g, weight="length")
    rank = nx.pagerank(g, weight="weight", tol=1e-15, max_iter=2000)
    split = [int(x) for x in rng.integers(0, 3, len(layers))]
    groups = [{v for v in g if split[v] == c} for c in set(split)]
    louvain = nx.community.louvain_communities(g.to_undirected(), seed=1) if edges else []
    return out, {
        "betweenness": [number(between[v]) for v in g],
        "page_rank": [number(rank[v]) for v in g],
        "split": split,
        "modularity": number(nx.community.modularity(g.to_undirected(), groups)) if edges else 0.0,
        "louvain": number(nx.community.modularity(g.to_undirected(), louvain)) if edges else 0.0,
    }


def main():
    rng = np.random.default_rng(SEED)
    lines = []
    for shape in ("sparse", "dense", "paths"):
        for _ in range(12):
            n_layers, layers, edges = make(shape, rng)
            metrics, nodes = measure(n_layers, layers, edges, rng)
            graph = {"shape": shape, "n_layers": n_layers, "layers": layers, "edges": edges}
            lines.append(json.dumps(graph | {"metrics": metrics} | nodes))
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")


main()
