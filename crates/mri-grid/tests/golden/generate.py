"""Writes the golden of mri-grid's uniform bins with pandas' `cut`.

    python generate.py          (needs numpy and pandas)

`cut.json` holds, per case, the number of bins, the values (exact `float32`) and pandas' bins.
"""

import json
import pathlib

import numpy as np
import pandas as pd


def main():
    rng = np.random.default_rng(7)
    columns = {
        "normal": rng.normal(size=40),
        "skewed": np.exp(2 * rng.normal(size=40)),
        "far from 0": 1e4 + rng.normal(size=40),
        "on the edges": np.arange(11.0),
        "tenths": np.arange(-5, 6) / 10.0,
        "ties": rng.integers(0, 4, size=30).astype(float),
        "constant": np.full(5, 3.25),
        "constant negative": np.full(5, -0.7),
        "zeros": np.zeros(4),
        "one": np.array([2.0]),
    }
    out = []
    for name, values in columns.items():
        # What a reducer returns is float32; the bins are computed from the same numbers as float64.
        values = values.astype(np.float32).astype(np.float64)
        for side in (1, 2, 9, 10, 23):
            bins = pd.cut(values, side, labels=False)
            out.append({"case": name, "side": side, "values": values.tolist(), "bins": bins.tolist()})
    path = pathlib.Path(__file__).with_name("cut.json")
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in out) + "\n]\n")


if __name__ == "__main__":
    main()
