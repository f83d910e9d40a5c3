"""Random blocks of every quantization, unpacked by the package `gguf`. usage: gguf_blocks.py (needs gguf, safetensors)

Scales are random finite halves, subnormal ones among them; all other bytes are random.
"""

from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants
from safetensors.numpy import save_file

# Where the halves of a block begin.
HALVES = {
    "F32": [], "F16": [0], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0],
    "MXFP4": [],
}

rng = np.random.default_rng(15)
golden = {}
for name, halves in HALVES.items():
    kind = GGMLQuantizationType[name]
    numbers, width = GGML_QUANT_SIZES[kind]
    n_blocks = max(4, 256 // numbers)
    blocks = rng.integers(0, 256, (n_blocks, width), dtype=np.uint8)
    for at in halves:
        half = rng.integers(0, 31 << 10, n_blocks, dtype=np.uint16) | rng.integers(0, 2, n_blocks, dtype=np.uint16) << 15
        blocks[:, at:at + 2] = half.astype("<u2").view(np.uint8).reshape(-1, 2)
    if name == "MXFP4":
        # The two exponents that are subnormal numbers, and the largest.
        blocks[:3, 0] = [0, 1, 255]
    if name in ("F32", "BF16"):
        # Finite: the highest bit of the exponent is cleared.
        blocks[:, -1] &= 0xBF
    values = quants.dequantize(blocks, kind)
    golden[f"{name}.blocks"] = blocks.reshape(-1)
    golden[f"{name}.values"] = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
save_file(golden, Path(__file__).parent / "gguf_blocks.safetensors")
