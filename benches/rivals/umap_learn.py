"""Runs umap-learn beside ours on the rows of a .npy file.

    python umap_learn.py ROWS.npy OUT [--seeds 5] [--metric euclidean] [--held 0]

Needs numpy and umap-learn. Writes OUT.SEED.npy with the points of each seed, and OUT.json with the
seconds that each fit took after one that compiled everything ("warm"). With --held H the last H rows
are held back and placed by `transform` (OUT.SEED.held.npy). Threads are those of the environment;
umap-learn with a seed uses one for the layout.
"""

import argparse
import json
import time

import numpy as np
import umap


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rows")
    parser.add_argument("out")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--metric", default="euclidean")
    parser.add_argument("--held", type=int, default=0)
    args = parser.parse_args()
    x = np.load(args.rows).astype(np.float32)
    x, held = x[: len(x) - args.held], x[len(x) - args.held :]
    options = {"metric": args.metric}
    # Both ways to neighbours, exact below 4,096 rows and not from there, are compiled by their size.
    umap.UMAP(random_state=0, n_epochs=11, **options).fit(x)
    seconds = []
    placing = []
    for seed in range(args.seeds):
        start = time.perf_counter()
        model = umap.UMAP(random_state=seed, **options).fit(x)
        seconds.append(time.perf_counter() - start)
        np.save(f"{args.out}.{seed}.npy", model.embedding_.astype("<f4"))
        if args.held:
            start = time.perf_counter()
            np.save(f"{args.out}.{seed}.held.npy", model.transform(held).astype("<f4"))
            placing.append(time.perf_counter() - start)
    record = {"umap": umap.__version__, "rows": len(x), "fit_seconds": seconds}
    if args.held:
        record["transform_seconds"] = placing
    with open(f"{args.out}.json", "w") as file:
        json.dump(record, file)
    print(json.dumps(record))


if __name__ == "__main__":
    main()
