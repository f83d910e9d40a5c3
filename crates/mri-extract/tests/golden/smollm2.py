"""States of SmolLM2's GGUF file as transformers gives them. usage: smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf
(needs torch, transformers, gguf)

The states of the last token of 60 abstracts' beginnings and other texts, at the embedding and after every block. Of the
576 columns every twelfth is kept, and the norm of all of them.
"""

import csv
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

HERE = Path(__file__).parent
EVERY = 12

path = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
model = AutoModel.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()

rows = list(csv.DictReader(open(HERE / "../../../../examples/data/topics.csv", newline="")))
texts = [row["text"] for row in rows[:: max(1, len(rows) // 54)]][:54]
texts += ["a", "fn main() {}", "Ünïcödé 你好 🙂", "1 12 123", "<|im_start|>user\nHi<|im_end|>\n", " ".join(row["text"] for row in rows[:12])]

ids, states = [], []
with torch.no_grad():
    for text in texts:
        one = tokenizer(text, return_tensors="pt")["input_ids"][:, :512]
        hidden = model(one, output_hidden_states=True).hidden_states
        last = torch.stack([layer[0, -1] for layer in hidden])
        ids.append(one[0].to(torch.int32))
        states.append(torch.cat([last[:, ::EVERY], last.norm(dim=1, keepdim=True)], dim=1))
save_file({
    "ids": torch.cat(ids),
    "lengths": torch.tensor([len(one) for one in ids], dtype=torch.int32),
    "states": torch.stack(states, dim=1).contiguous(),
}, HERE / "smollm2.safetensors")
