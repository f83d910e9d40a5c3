"""A TorchScript module of our own making with its states, for the tests of the TorchScript engine.

    python torchscript.py        # writes torchscript/

A decoder of two blocks: each adds a map of the mean over the tokens so far. Small, but with everything the
contract is about: layers, texts, tokens, order in time.

Needs: torch, safetensors, numpy.
"""

import json
import os
import zipfile

import numpy as np
import torch
from safetensors.numpy import save_file

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torchscript")
VOCAB, WIDTH, LENGTHS = 50, 16, [6, 1, 15, 6, 2, 9]


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCAB, WIDTH)
        self.first = torch.nn.Linear(WIDTH, WIDTH)
        self.second = torch.nn.Linear(WIDTH, WIDTH)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        count = torch.arange(1, ids.size(1) + 1).unsqueeze(1)
        x = self.embedding(ids)
        y = x + torch.tanh(self.first(torch.cumsum(x, 1) / count))
        z = y + torch.tanh(self.second(torch.cumsum(y, 1) / count))
        return torch.stack([x, y, z])


def main():
    os.makedirs(FOLDER, exist_ok=True)
    torch.manual_seed(0)
    model = Tiny().eval()
    texts = [torch.randint(0, VOCAB, (n,)).tolist() for n in LENGTHS]
    with torch.inference_mode():
        states = [model(torch.tensor([ids]))[:, 0].numpy() for ids in texts]
    save_file(
        {
            "ids": np.concatenate([np.array(ids, dtype=np.int32) for ids in texts]),
            "lengths": np.array(LENGTHS, dtype=np.int32),
            "resid": np.ascontiguousarray(np.concatenate(states, axis=1)),
        },
        os.path.join(FOLDER, "expected.safetensors"),
    )
    path = os.path.join(FOLDER, "tiny.pt")
    torch.jit.script(model).save(path + ".full")
    # The debug records hold the paths of the machine that wrote them.
    with zipfile.ZipFile(path + ".full") as full, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as stripped:
        for entry in full.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                stripped.writestr(zipfile.ZipInfo(entry.filename), full.read(entry))
    os.remove(path + ".full")
    info = dict(name="tiny", family="tiny", kind="decoder", n_blocks=2, width=WIDTH, mlp_width=None,
                sites=["resid"], vocab_size=VOCAB, max_length=32)
    with open(os.path.join(FOLDER, "tiny.json"), "w") as file:
        json.dump(info, file, indent=1)
        file.write("\n")
    for name in os.listdir(FOLDER):
        os.chmod(os.path.join(FOLDER, name), 0o644)


if __name__ == "__main__":
    main()
