"""Exports a transformers model as a TorchScript module that llm-mri records.

    python export_torchscript.py --model FOLDER --out FOLDER/model.pt
    llm-mri scan --engine torchscript --module FOLDER/model.pt --data texts.csv --out scan-out

Writes model.pt and, beside it, model.json with what the engine has to know and tokenizer.json. The module takes token ids of
shape (texts, tokens), int64, all texts of equal length, and returns one tensor of shape
(layers, texts, tokens, width): the embedding output and the output of every block. Any module that keeps
this contract can be recorded, whatever is inside it; write the json by hand then:

    {"name": "mine", "family": "mine", "kind": "encoder", "n_blocks": 6, "width": 384, "mlp_width": null,
     "sites": ["resid"], "vocab_size": 30522, "max_length": 512}

The export is checked on texts of other lengths than the one it was traced with, since a traced module may have
taken the length for a constant.

Needs: torch, transformers.
"""

import argparse
import json
import os

import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer

# Fully bidirectional; everything else is taken for a causal decoder.
ENCODERS = {"bert", "roberta", "xlm-roberta", "distilbert", "electra", "mpnet", "modernbert", "albert", "deberta-v2", "camembert",
            "t5"}


class HiddenStates(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids):
        mask = torch.ones_like(ids)
        out = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=True, return_dict=True)
        return torch.stack(out.hidden_states)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()

    config = AutoConfig.from_pretrained(args.model)
    config.use_cache = False
    model = AutoModel.from_pretrained(args.model, config=config, dtype=torch.float32, attn_implementation="eager").eval()
    if hasattr(model, "encoder") and hasattr(model, "decoder"):
        # Of a model in two parts the encoder is recorded.
        model = model.get_encoder()
    wrapped = HiddenStates(model)
    generator = torch.Generator().manual_seed(0)
    make = lambda texts, tokens: torch.randint(0, config.vocab_size, (texts, tokens), generator=generator)
    with torch.no_grad():
        module = torch.jit.trace(wrapped, make(2, 7), check_trace=False)
        limit = getattr(config, "max_position_embeddings", None) or 512
        for texts, tokens in [(1, 1), (3, 5), (2, min(29, limit)), (1, min(130, limit))]:
            ids = make(texts, tokens)
            expected, found = wrapped(ids), module(ids)
            if expected.shape != found.shape or not torch.allclose(expected, found, rtol=0, atol=2e-4 * expected.abs().max()):
                raise SystemExit(f"the traced module is wrong for {texts} texts of {tokens} tokens; this architecture cannot be traced")
        states = module(make(1, 3))
    os.makedirs(os.path.dirname(os.path.abspath(args.out)), exist_ok=True)
    module.save(args.out)

    positions = getattr(config, "max_position_embeddings", None)
    if config.model_type in ("roberta", "xlm-roberta", "mpnet", "camembert"):
        # Their positions start after the padding id.
        positions -= config.pad_token_id + 1
    info = {
        "name": os.path.basename(os.path.normpath(args.model)),
        "family": config.model_type,
        "kind": "encoder" if config.model_type in ENCODERS else "decoder",
        "n_blocks": states.shape[0] - 1,
        "width": states.shape[-1],
        "mlp_width": None,
        "sites": ["resid"],
        "vocab_size": config.vocab_size,
        "max_length": positions,
    }
    with open(os.path.splitext(args.out)[0] + ".json", "w") as file:
        json.dump(info, file, indent=1)
        file.write("\n")
    tokenizer = AutoTokenizer.from_pretrained(args.model, use_fast=True).backend_tokenizer
    # Padding and truncation are the program's.
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(os.path.join(os.path.dirname(args.out), "tokenizer.json"))


if __name__ == "__main__":
    main()
