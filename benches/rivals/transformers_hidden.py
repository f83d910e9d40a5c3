"""Hidden states of a corpus as one would record them with transformers, for the bench `extract`.

    python transformers_hidden.py --model FOLDER --corpus FILE.csv --dtype float32

Done well: texts sorted by length, batches of a token budget padded to their longest text, fused
attention, inference_mode, the first token of every layer, one matrix per layer at the end. Reads a
line per run from stdin and answers with one JSON line, so that runs can be interleaved with others.
"""

import argparse
import csv
import json
import os
import sys
import time

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--tokens", type=int, default=1024)  # its fastest on CPUs
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    with open(args.corpus, newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]

    start = time.perf_counter()
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModel.from_pretrained(args.model, dtype=getattr(torch, args.dtype), attn_implementation="sdpa").eval()
    load = time.perf_counter() - start

    print(json.dumps({"load": load, "threads": torch.get_num_threads(), "torch": torch.__version__}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        ids = tokenizer(texts, truncation=True, max_length=512)["input_ids"]
        tokenised = time.perf_counter() - start
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        batches, batch = [], []
        for i in order:
            if batch and (len(batch) + 1) * len(ids[batch[0]]) > args.tokens:
                batches.append(batch)
                batch = []
            batch.append(i)
        batches.append(batch)
        out = None
        with torch.inference_mode():
            for batch in batches:
                enc = tokenizer.pad({"input_ids": [ids[i] for i in batch]}, return_tensors="pt")
                hidden = model(**enc, output_hidden_states=True).hidden_states
                rows = torch.stack([h[:, 0] for h in hidden]).float().numpy()
                if out is None:
                    out = np.empty((rows.shape[0], len(ids), rows.shape[2]), dtype=np.float32)
                out[:, batch] = rows
        forward = time.perf_counter() - start - tokenised
        for i, layer in enumerate(out):
            np.save(os.path.join(args.out, f"rival.{i:02}.npy"), layer)
        total = time.perf_counter() - start
        print(json.dumps({"tokens": sum(map(len, ids)), "tokenise": tokenised, "forward": forward, "total": total}), flush=True)


if __name__ == "__main__":
    main()
