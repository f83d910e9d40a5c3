"""LoRA adapters for the tiny models of `families/`, with the states of the merged models.

    python adapters.py      # into adapters/

A case is a folder as PEFT's save_pretrained writes it, whose base is `families/BASE`, and
expected.safetensors as families.py makes it, of the model after merge_and_unload().

Needs: torch, transformers 5, peft, safetensors, numpy.
"""

import json
import os
import shutil

import numpy as np
import peft
import torch
import transformers
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTHS = [6, 1, 15, 2, 9]
CASES = [
    dict(name="lora", base="llama", head="AutoModelForCausalLM", r=4, lora_alpha=8,
         target_modules=["q_proj", "v_proj", "down_proj"]),
    dict(name="rslora-patterns", base="qwen2", head="AutoModelForCausalLM", r=4, lora_alpha=6, use_rslora=True, bias="all",
         target_modules=["q_proj", "k_proj", "gate_proj", "o_proj"], rank_pattern={"q_proj": 2},
         alpha_pattern={"layers.1.self_attn.k_proj": 32}, modules_to_save=["embed_tokens", "norm"]),
    dict(name="dora", base="mistral", head="AutoModel", r=3, lora_alpha=9, use_dora=True,
         target_modules=["q_proj", "o_proj", "up_proj"]),
    dict(name="dora-conv1d", base="gpt2-lm", head="AutoModelForCausalLM", r=4, lora_alpha=8, use_dora=True, fan_in_fan_out=True,
         target_modules=["c_attn", "c_proj", "c_fc"]),
    dict(name="lora-encoder", base="bert", head="AutoModelForSequenceClassification", r=2, lora_alpha=4, bias="lora_only",
         task_type="SEQ_CLS", target_modules=["query", "value", "dense"]),
    dict(name="lora-embedding", base="gemma", head="AutoModelForCausalLM", r=4, lora_alpha=8,
         target_modules=["embed_tokens", "q_proj"]),
    dict(name="dora-rslora", base="qwen3", head="AutoModelForCausalLM", r=4, lora_alpha=8, use_dora=True, use_rslora=True,
         target_modules="all-linear"),
]


def build(name, base, head, **options):
    torch.manual_seed(sum(name.encode()))
    folder = os.path.join(HERE, "adapters", name)
    kind = getattr(transformers, head)
    model = kind.from_pretrained(os.path.join(HERE, "families", base), dtype=torch.float32, attn_implementation="eager")
    model = peft.get_peft_model(model, peft.LoraConfig(**options)).eval()
    for path, parameter in model.named_parameters():
        # Of a trained adapter no part is zero.
        if "lora_magnitude" in path:
            parameter.data *= 1 + 0.3 * torch.rand(parameter.shape)
        elif parameter.requires_grad:
            parameter.data += 0.3 * torch.randn(parameter.shape)
    # As a user has it: half of the adapters are stored in 16 bits.
    if name in ("lora", "dora-conv1d"):
        for path, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.half().float()
    model.save_pretrained(folder)
    merged = model.merge_and_unload().base_model
    generator = torch.Generator().manual_seed(1)
    texts = [torch.randint(0, 60, (n,), generator=generator).tolist() for n in LENGTHS]
    rows = []
    for ids in texts:
        with torch.inference_mode():
            rows.append(torch.stack([h[0] for h in merged(torch.tensor([ids]), output_hidden_states=True).hidden_states]))
    tensors = dict(resid=torch.cat(rows, dim=1).numpy(),
                   ids=np.concatenate([np.array(ids, dtype=np.int32) for ids in texts]),
                   lengths=np.array(LENGTHS, dtype=np.int32))
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, os.path.join(folder, "expected.safetensors"))
    os.remove(os.path.join(folder, "README.md"))
    path = os.path.join(folder, "adapter_config.json")
    with open(path) as file:
        config = json.load(file)
    # The path of this machine is nobody's.
    config["base_model_name_or_path"] = "somebody/" + base
    with open(path, "w") as file:
        json.dump(config, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    shutil.rmtree(os.path.join(HERE, "adapters"), ignore_errors=True)
    for case in CASES:
        build(**case)
        print(case["name"], flush=True)
