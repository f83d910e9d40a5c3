"""How the category colors look to color-blind readers, by colorspacious.

    python colorblind.py          (needs colorspacious 1.1 and numpy)

Writes `colorblind.json`: per set of colors, and per kind of reader (simulated after Machado, Oliveira
and Fernandes 2009 at full severity, or `all` for full color vision), the least distance of
two of them in CAM02-UCS, where 1 is about what can just be told apart side by side.
"""

import itertools
import json
import pathlib

import numpy as np
from colorspacious import cspace_convert, deltaE

SETS = {
    "petroff6": ["5790fc", "f89c20", "e42536", "964a8b", "9c9ca1", "7a21dd"],
    "petroff10": ["3f90da", "ffa90e", "bd1f01", "94a4a2", "832db6", "a96b59", "e76300", "b9ac70",
                  "717581", "92dadd"],
    "two": ["536fdd", "d0483e"],
}
READERS = ["deuteranomaly", "protanomaly", "tritanomaly"]


def main():
    golden = {"colors": SETS, "least": {}}
    for name, colors in SETS.items():
        rgb = np.array([[int(c[i:i + 2], 16) for i in (0, 2, 4)] for c in colors]) / 255
        seen = {"": rgb}
        for reader in READERS:
            space = {"name": "sRGB1+CVD", "cvd_type": reader, "severity": 100}
            seen[reader] = np.clip(cspace_convert(rgb, space, "sRGB1"), 0, 1)
        least = {
            reader: min(
                float(deltaE(a, b, input_space="sRGB1")) for a, b in itertools.combinations(rgb, 2)
            )
            for reader, rgb in seen.items()
        }
        golden["least"][name] = {r or "all": round(v, 3) for r, v in least.items()}
    target = pathlib.Path(__file__).with_suffix(".json")
    target.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
