"""Writes the goldens of mri-reduce's PCA and SVD with scikit-learn.

    python generate.py          (needs numpy and scikit-learn)

The inputs come from an integer recurrence that the Rust tests repeat, so only results are stored:
`linear.json` holds, per case, the points' absolute values (signs are a convention) and the explained
variance ratios; `sizes.json` the same for matrices of real sizes.
"""

import json
import pathlib

import numpy as np
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.preprocessing import StandardScaler


def noise(n):
    """Uniform numbers in -0.5 ... 0.5 from Knuth's 64-bit linear congruential generator."""
    state, out = 12345, np.empty(n)
    for i in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out[i] = (state >> 33) / 2**31 - 0.5
    return out


def case(name, rows, columns):
    x = noise(rows * columns).reshape(rows, columns)
    # A decaying spectrum: column j shrinks, and all columns share a trend over the rows.
    x = x * (1.0 / (1.0 + np.arange(columns) / 4.0)) + np.sin(np.arange(rows))[:, None] * 0.3
    if name == "rank-deficient":
        x[:, columns // 2 :] = x[:, : columns - columns // 2]
    if name == "badly-scaled":
        x[:, :3] = x[:, :3] * 1000.0 + 5000.0
    if name == "massive":
        x[:, [5, 40, 77]] = x[:, [5, 40, 77]] * np.array([3000.0, 2000.0, 1000.0]) + 2e4
    if name == "constant-column":
        x[:, 1] = 7.0
    return x.astype(np.float32)


CASES = [
    ("tall", 90, 12),
    ("wide", 20, 60),
    ("square", 30, 30),
    ("rank-deficient", 40, 16),
    ("badly-scaled", 50, 10),
    ("constant-column", 25, 8),
]


# One for each way of computing: by Gram matrix, by covariance with all eigenvectors, by a Krylov space
# of either; and badly conditioned ones. Only well separated components are compared.
SIZES = [
    ("plain", 300, 384),
    ("plain", 5000, 384),
    ("plain", 300, 4096),
    ("plain", 1100, 1300),
    ("massive", 1500, 1200),
    ("massive", 200, 384),
    ("massive", 2000, 384),
    ("rank-deficient", 1200, 384),
    ("badly-scaled", 1200, 384),
]


def separated(values):
    """How many of the leading components have a direction of their own: one whose variance nearly
    equals the next one's has none."""
    gaps = np.abs(np.diff(values)) / values[:-1]
    k = 0
    while k < 4 and gaps[k] > 0.05:
        k += 1
    return k


def sizes():
    out = []
    for name, rows, columns in SIZES:
        x = case(name, rows, columns).astype(np.float64)
        for scaled in (True, False):
            z = StandardScaler().fit_transform(x) if scaled else x
            for kind in ("pca", "svd"):
                if kind == "pca":
                    model = PCA(n_components=6, svd_solver="full")
                else:
                    model = TruncatedSVD(n_components=6, algorithm="arpack", tol=0)
                points = model.fit_transform(z)
                k = separated(model.singular_values_**2)
                assert k >= 1, (name, rows, columns, scaled, kind)
                first = np.abs(points[:4, :k])
                out.append(
                    {
                        "case": name,
                        "rows": rows,
                        "columns": columns,
                        "reducer": kind,
                        "scaling": "standardize" if scaled else "none",
                        "ratios": model.explained_variance_ratio_[:k].tolist(),
                        "points": [[float(f"{v:.9g}") for v in row] for row in first],
                        "largest": np.abs(points[:, :k]).max(axis=0).tolist(),
                    }
                )
    return out


def write(name, out):
    path = pathlib.Path(__file__).with_name(name)
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in out) + "\n]\n")


def main():
    write("sizes.json", sizes())
    out = []
    for name, rows, columns in CASES:
        x = case(name, rows, columns).astype(np.float64)
        for scaled in (True, False):
            z = StandardScaler().fit_transform(x) if scaled else x
            k = 3
            for kind in ("pca", "svd"):
                if kind == "pca":
                    model = PCA(n_components=k, svd_solver="full")
                else:
                    model = TruncatedSVD(n_components=k, algorithm="arpack", tol=0)
                points = model.fit_transform(z)
                out.append(
                    {
                        "case": name,
                        "rows": rows,
                        "columns": columns,
                        "reducer": kind,
                        "scaling": "standardize" if scaled else "none",
                        "ratios": model.explained_variance_ratio_.tolist(),
                        "points": np.round(np.abs(points[:10]), 8).tolist(),
                    }
                )
    write("linear.json", out)


if __name__ == "__main__":
    main()
