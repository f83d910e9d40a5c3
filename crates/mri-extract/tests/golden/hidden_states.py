"""Hidden states of a model folder as transformers computes them, for the tests beside this file.

    python hidden_states.py --model FOLDER --out minilm.safetensors
    python hidden_states.py --model FOLDER --out /tmp/fresh.safetensors --seed 7 --pooling mean

Every text runs alone, without padding, in fp32 with eager attention. The texts are built from the
word list below; seed 0 is the committed golden, any other seed makes texts that nobody has tuned to:

    MRI_TEST_MODEL=FOLDER MRI_FRESH_GOLDEN=/tmp/fresh.safetensors cargo test -p mri-extract fresh

The file holds `ids` (all token ids, end to end), `lengths` (tokens per text), and `hidden` of shape
(layers, texts, width).

Needs: torch, transformers, safetensors, numpy.
"""

import argparse
import random

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModel, AutoTokenizer

WORDS = """river stone copper lantern the of and slowly measured 1987 café quantum neighbour's
harbour Turing, wrote; under glass (almost) violet storm engine because nevertheless antibody
Ω 東京 naïve re-entry e-mail bread, sparrow orbit velvet question? answer! seventeen percent 3.14
threshold granite whisper protein archive northward supercalifragilistic hm""".split()

# In tokens, special ones included: the shortest possible, around powers of two, at the model's limit
# and beyond it.
LENGTHS = [1, 2, 3, 4, 8, 17, 33, 64, 65, 127, 200, 300, 511, 512, 513, 600]


def texts(seed, count):
    rng = random.Random(seed)
    lengths = LENGTHS if seed == 0 else [rng.randint(1, 600) for _ in range(count)]
    for length in lengths:
        # Most words are at least one token; the cut to `length` follows.
        yield length, " ".join(rng.choice(WORDS) for _ in range(length))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--texts", type=int, default=24, help="how many, for seeds other than 0")
    parser.add_argument("--pooling", choices=["first", "last", "mean"], default="first")
    args = parser.parse_args()

    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModel.from_pretrained(args.model, attn_implementation="eager", dtype=torch.float32)
    model.eval()
    limit = min(512, getattr(model.config, "max_position_embeddings", 512))

    all_ids, rows = [], []
    for length, text in texts(args.seed, args.texts):
        # A length past the limit is cut at the limit, as a scan does.
        ids = tokenizer(text, truncation=True, max_length=min(length, limit))["input_ids"] if length > 2 else (
            tokenizer(text, add_special_tokens=False)["input_ids"][:length])
        with torch.inference_mode():
            out = model(input_ids=torch.tensor([ids]), output_hidden_states=True)
        states = [h[0] for h in out.hidden_states]
        pool = {"first": lambda h: h[0], "last": lambda h: h[-1], "mean": lambda h: h.mean(0)}[args.pooling]
        rows.append(np.stack([pool(h).numpy() for h in states]))
        all_ids.append(ids)

    save_file(
        {
            "ids": np.concatenate([np.array(i, dtype=np.int32) for i in all_ids]),
            "lengths": np.array([len(i) for i in all_ids], dtype=np.int32),
            "hidden": np.ascontiguousarray(np.stack(rows, axis=1), dtype=np.float32),
        },
        args.out,
        metadata={"pooling": args.pooling, "model_type": model.config.model_type},
    )
    print(f"{len(all_ids)} texts of {min(map(len, all_ids))} to {max(map(len, all_ids))} tokens")


if __name__ == "__main__":
    main()
