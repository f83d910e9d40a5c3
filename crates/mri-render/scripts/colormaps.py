"""Writes the colour tables of mri-render from matplotlib.

    python colormaps.py          (needs matplotlib)

`src/colormap/tables.rs` gets 33 stops per continuous map, between which colours are interpolated,
and `tests/golden/colormaps.json` gets all 256 entries, with which the tests compare.
"""

import json
import pathlib

import matplotlib
import numpy as np

MAPS = {"COOLWARM": "coolwarm", "BLUES": "Blues", "VIRIDIS": "viridis", "MANAGUA": "managua"}
STOPS = 33


def main():
    crate = pathlib.Path(__file__).parent.parent
    lines = [
        "//! Colour tables, written by `scripts/colormaps.py`.",
        "",
        "use super::Stops;",
    ]
    golden = {}
    for constant, name in MAPS.items():
        colormap = matplotlib.colormaps[name]
        full = np.array([colormap(i)[:3] for i in range(256)])
        golden[name] = np.round(full * 255, 3).tolist()
        at = np.linspace(0, 255, STOPS)
        stops = np.stack([np.interp(at, np.arange(256), full[:, c]) for c in range(3)], axis=1)
        lines += ["", f"pub(super) const {constant}: Stops = ["]
        lines += [f"    [{r:.2f}, {g:.2f}, {b:.2f}]," for r, g, b in stops * 255]
        lines += ["];"]
    (crate / "src/colormap/tables.rs").write_text("\n".join(lines) + "\n")
    target = crate / "tests/golden/colormaps.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
