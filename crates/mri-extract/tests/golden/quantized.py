"""Tiny models whose matrices are stored in few bits, with the states that their values give.

    python quantized.py     # into quantized/

A case is a folder with config.json and model.safetensors as the packages that quantize write them, and
expected.safetensors as families.py makes it, of a model whose matrices are the unpacked ones. FP8 and
MXFP4 are unpacked by transformers itself, GPTQ and AWQ by the formulas of AutoGPTQ's and AutoAWQ's
pure PyTorch code, in single precision.

Needs: torch, transformers 5, safetensors, numpy.
"""

import json
import os
import shutil

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import _dequantize_fp8_weight
from transformers.integrations.mxfp4 import _convert_moe_packed_tensors

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTHS = [6, 1, 15, 2, 9]
LLAMA = dict(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             intermediate_size=64, max_position_embeddings=24, pad_token_id=0, attn_implementation="eager")


def pack(values, bits, axis):
    """Packs integers into 32-bit words along an axis, the first into the lowest bits."""
    per_word = 32 // bits
    values = values.movedim(axis, -1).to(torch.int64)
    values = values.reshape(*values.shape[:-1], -1, per_word)
    words = (values << (bits * torch.arange(per_word))).sum(-1)
    words = torch.where(words >= 2**31, words - 2**32, words).to(torch.int32)
    return words.movedim(-1, axis).contiguous()


def integers(outputs, inputs, bits, group, generator):
    weights = torch.randint(0, 2**bits, (inputs, outputs), generator=generator)
    zeros = torch.randint(2 ** (bits - 1) - 2, 2 ** (bits - 1) + 2, (inputs // group, outputs), generator=generator)
    scales = ((0.5 + torch.rand(inputs // group, outputs, generator=generator)) * 4 / 2**bits / inputs**0.5).half()
    return weights, zeros, scales


def gptq(bits, group, order, version):
    def make(outputs, inputs, generator):
        weights, zeros, scales = integers(outputs, inputs, bits, group, generator)
        groups = torch.arange(inputs) // group
        if order:
            groups = groups[torch.randperm(inputs, generator=generator)]
        offset = 0 if version == "gptq_v2" else 1
        stored = dict(qweight=pack(weights, bits, 0), qzeros=pack(zeros - offset, bits, 1), scales=scales, g_idx=groups.int())
        # auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py
        shifts = torch.arange(0, 32, bits).int()
        found = torch.bitwise_right_shift(stored["qzeros"].unsqueeze(2), shifts.view(1, 1, -1)) & (2**bits - 1)
        found = ((found + offset) & (2**bits - 1)).reshape(scales.shape)
        unpacked = torch.bitwise_right_shift(stored["qweight"].unsqueeze(1), shifts.view(1, -1, 1)) & (2**bits - 1)
        unpacked = unpacked.reshape(inputs, outputs)
        value = scales.float()[groups] * (unpacked - found[groups])
        return stored, value.t().contiguous()
    return make


def awq(group):
    def make(outputs, inputs, generator):
        weights, zeros, scales = integers(outputs, inputs, 4, group, generator)
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        shuffle = lambda t: t.reshape(t.shape[0], -1, 8)[:, :, order].reshape(t.shape)
        stored = dict(qweight=pack(shuffle(weights), 4, 1), qzeros=pack(shuffle(zeros), 4, 1), scales=scales)
        # awq/utils/packing_utils.py: unpack_awq, reverse_awq_order, dequantize_gemm
        shifts = torch.arange(0, 32, 4)
        unpack = lambda t: (torch.bitwise_right_shift(t[:, :, None], shifts[None, None, :]).to(torch.int8)).view(t.shape[0], -1)
        back = lambda t: t[:, torch.arange(t.shape[-1]).view(-1, 8)[:, [0, 4, 1, 5, 2, 6, 3, 7]].view(-1)]
        found = [torch.bitwise_and(back(unpack(stored[key])), 15) for key in ("qweight", "qzeros")]
        value = (found[0] - found[1].repeat_interleave(group, 0)) * scales.float().repeat_interleave(group, 0)
        return stored, value.t().contiguous()
    return make


def fp8(block, suffix="weight_scale_inv", per_row=False):
    def make(outputs, inputs, generator):
        weight = (torch.randn(outputs, inputs, generator=generator) * 60).to(torch.float8_e4m3fn)
        shape = [-(-n // b) for n, b in zip((outputs, inputs), block)] if block else [outputs, 1] if per_row else []
        scale = (0.5 + torch.rand(shape, generator=generator)) / 60 / inputs**0.5
        value = _dequantize_fp8_weight(weight, scale, block, torch.float32)
        return {"weight": weight, suffix: scale.clone()}, value
    return make


def mxfp4(outputs, inputs, generator):
    blocks = torch.randint(0, 256, (1, outputs, inputs // 32, 16), generator=generator).to(torch.uint8)
    scales = torch.randint(122, 126, (1, outputs, inputs // 32), generator=generator).to(torch.uint8)
    value = _convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)[0].t().contiguous()
    return dict(weight_blocks=blocks[0], weight_scales=scales[0]), value


CASES = [
    ("gptq", gptq(4, 16, False, "gptq"), dict(quant_method="gptq", bits=4, group_size=16, desc_act=False, sym=False)),
    ("gptq-order", gptq(4, 16, True, "gptq_v2"),
     dict(quant_method="gptq", bits=4, group_size=16, desc_act=True, checkpoint_format="gptq_v2")),
    ("gptq-eight", gptq(8, 32, False, "gptq"), dict(quant_method="gptq", bits=8, group_size=32, checkpoint_format="gptq")),
    ("awq", awq(16), dict(quant_method="awq", bits=4, group_size=16, zero_point=True, version="gemm")),
    ("fp8-blocks", fp8([16, 24]), dict(quant_method="fp8", weight_block_size=[16, 24], modules_to_not_convert=["lm_head"])),
    ("fp8-tensor", fp8(None), dict(quant_method="fp8", weight_block_size=None, activation_scheme="static")),
    ("fp8-rows", fp8(None, "weight_scale", True), dict(quant_method="compressed-tensors", format="float-quantized")),
    ("mxfp4", mxfp4, dict(quant_method="mxfp4")),
]


def build(name, make, config):
    generator = torch.Generator().manual_seed(sum(name.encode()))
    torch.manual_seed(0)
    model = transformers.LlamaModel(transformers.LlamaConfig(**LLAMA)).eval()
    tensors = {}
    for path, parameter in model.named_parameters():
        if path.endswith("proj.weight"):
            stored, value = make(*parameter.shape, generator)
            parameter.data = value
            tensors.update({path.removesuffix("weight") + key: tensor for key, tensor in stored.items()})
        else:
            value = torch.randn(parameter.shape, generator=generator)
            value = 1 + 0.3 * value if parameter.ndim == 1 else 0.7 * value
            parameter.data = value.bfloat16().float()
            tensors[path] = value.bfloat16()
    folder = os.path.join(HERE, "quantized", name)
    os.makedirs(folder)
    model.config.save_pretrained(folder)
    path = os.path.join(folder, "config.json")
    with open(path) as file:
        stored = json.load(file)
    with open(path, "w") as file:
        json.dump(dict(stored, quantization_config=config), file, indent=1)
        file.write("\n")
    save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    texts = [torch.randint(0, 64, (n,), generator=generator).tolist() for n in LENGTHS]
    with torch.inference_mode():
        rows = [torch.stack([h[0] for h in model(torch.tensor([ids]), output_hidden_states=True).hidden_states]) for ids in texts]
    save_numpy(dict(resid=np.ascontiguousarray(torch.cat(rows, dim=1).numpy()),
                    ids=np.concatenate([np.array(ids, dtype=np.int32) for ids in texts]),
                    lengths=np.array(LENGTHS, dtype=np.int32)), os.path.join(folder, "expected.safetensors"))


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    shutil.rmtree(os.path.join(HERE, "quantized"), ignore_errors=True)
    for case in CASES:
        build(*case)
        print(case[0], flush=True)
