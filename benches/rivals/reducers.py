"""Reducers of Python for the bench `reducers`: scikit-learn's, umap-learn, openTSNE, PaCMAP, torchdr's PCA.

    python reducers.py FOLDER COMPONENTS THREADS

FOLDER holds all.npy, kept.npy and held_back.npy. Says in one JSON line who is there, then answers
each line of its input with one: {"do": "fit", "name": ..., "seed": ...} reduces all.npy, {"do":
"place", ...} reduces kept.npy and places held_back.npy. Libraries that are missing are left out.
"""

import json
import pathlib
import re
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
components, threads = int(sys.argv[2]), int(sys.argv[3])
rows = {name: np.load(folder / f"{name}.npy") for name in ("all", "kept", "held_back")}
rivals, versions, left_out = {}, [], []


def sklearn():
    import sklearn
    from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
    from sklearn.manifold import TSNE

    solver = lambda name: lambda seed: PCA(components, svd_solver=name, random_state=seed)
    for name in ("full", "arpack", "auto"):
        rivals[f"sklearn-pca-{name}"] = solver(name)
    rivals["sklearn-svd-arpack"] = lambda seed: TruncatedSVD(
        components, algorithm="arpack", random_state=seed
    )
    rivals["sklearn-incremental"] = lambda seed: IncrementalPCA(components)
    rivals["sklearn-tsne"] = lambda seed: TSNE(components, random_state=seed, n_jobs=threads)
    return sklearn.__version__


def torchdr():
    import torch
    import torchdr

    torch.set_num_threads(threads)

    class Pca:
        def __init__(self, seed):
            self.model = torchdr.PCA(n_components=components, device="cpu", random_state=seed)

        def fit_transform(self, x):
            return np.asarray(self.model.fit_transform(x))

        def transform(self, x):
            return np.asarray(self.model.transform(x))

    rivals["torchdr-pca"] = Pca
    return f"{torchdr.__version__} (torch {torch.__version__})"


def umap():
    import umap

    # With a seed umap-learn works on one thread; without one it uses all, and its result is a
    # matter of chance.
    rivals["umap-learn"] = lambda seed: umap.UMAP(
        n_components=components,
        random_state=seed if threads == 1 else None,
        n_jobs=threads,
    )
    return umap.__version__


def opentsne():
    import openTSNE

    class Tsne:
        def __init__(self, seed):
            self.model = openTSNE.TSNE(components, random_state=seed, n_jobs=threads)

        def fit_transform(self, x):
            self.fitted = self.model.fit(x)
            return np.asarray(self.fitted)

        def transform(self, x):
            return np.asarray(self.fitted.transform(x))

    rivals["opentsne"] = Tsne
    return openTSNE.__version__


def pacmap():
    import pacmap

    # The bench names its own contestants first.
    rivals["pacmap-package"] = lambda seed: pacmap.PaCMAP(
        n_components=components, random_state=seed, save_tree=True
    )
    from importlib.metadata import version

    return version("pacmap")


def memory(key):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1e3


def reset_peak():
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # the peak is then that of the whole process


def save(name, points):
    path = folder / f"{name}.npy"
    np.save(path, np.ascontiguousarray(points, dtype=np.float32))
    return str(path)


warm = set()


def fit(name, seed):
    # Those that compile when they first run are timed when that is done.
    if name in ("umap-learn", "pacmap-package", "torchdr-pca") and name not in warm:
        rivals[name](seed).fit_transform(rows["all"])
        warm.add(name)
    x = rows["all"].copy()
    reset_peak()
    before = memory("VmRSS")
    model = rivals[name](seed)
    start = time.perf_counter()
    points = model.fit_transform(x)
    seconds = time.perf_counter() - start
    megabytes = memory("VmHWM") - before
    return {"seconds": seconds, "megabytes": megabytes, "points": save("points", points)}


def place(name, seed):
    model = rivals[name](seed)
    points = model.fit_transform(rows["kept"])
    if not hasattr(model, "transform"):
        return {}
    if name == "pacmap-package":
        placed = model.transform(rows["held_back"], basis=rows["kept"])
    else:
        placed = model.transform(rows["held_back"])
    return {"points": save("points", points), "placed": save("placed", placed)}


# What libraries print must not get between the answers.
answers, sys.stdout = sys.stdout, sys.stderr
for add in (sklearn, torchdr, umap, opentsne, pacmap):
    try:
        versions.append(f"{add.__name__} {add()}")
    except ImportError as error:
        left_out.append(f"{add.__name__} ({error})")
hello = {"names": list(rivals), "versions": ", ".join(versions), "left_out": left_out}
print(json.dumps(hello), file=answers, flush=True)
for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = {"fit": fit, "place": place}[question["do"]](question["name"], question["seed"])
    except Exception as error:  # it is the bench that says who failed
        answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
    print(json.dumps(answer), file=answers, flush=True)
