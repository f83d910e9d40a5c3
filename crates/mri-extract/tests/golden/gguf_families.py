"""Tiny models of the folder families/ as GGUF files. usage: gguf_families.py (needs gguf, safetensors)

Tensors get the names and the changes that llama.cpp's `convert_hf_to_gguf.py` makes: names by the package's own map,
heads of Llama interleaved, one added to Gemma's norms, heads of fused projections sorted, experts stacked, GPT-2's
matrices transposed. The expected states are those of the folders.
"""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

HERE = Path(__file__).parent
A = gguf.MODEL_ARCH
ARCHITECTURES = {
    "llama": A.LLAMA, "llama-linear": A.LLAMA, "llama-yarn": A.LLAMA, "llama-biased-llama3": A.LLAMA, "mixtral": A.LLAMA,
    "qwen2": A.QWEN2, "qwen3": A.QWEN3, "qwen3_moe": A.QWEN3MOE, "gemma": A.GEMMA, "gemma-many-heads": A.GEMMA,
    "gemma2": A.GEMMA2, "gemma3_text": A.GEMMA3, "phi3": A.PHI3, "phi3-window": A.PHI3, "gpt2": A.GPT2,
    "gpt_neox": A.GPTNEOX, "gpt_neox-sequential": A.GPTNEOX, "falcon": A.FALCON, "falcon-multi-query": A.FALCON,
    "stablelm": A.STABLELM, "stablelm-parallel": A.STABLELM, "olmo2": A.OLMO2, "bert": A.BERT,
}


def read(folder):
    weights = {}
    for file in sorted(folder.glob("model*.safetensors")):
        weights |= as_floats(file)
    config = json.loads((folder / "config.json").read_text())
    return config, weights


def as_floats(path):
    """numpy has no bfloat16; the values are exact in f32."""
    from safetensors import safe_open
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name).float().numpy() for name in file.keys()}


def first(config, *names, default=None):
    return next((config[name] for name in names if config.get(name) is not None), default)


def interleaved(weight, heads):
    """The two halves of every head as pairs of neighbors."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def sorted_heads(weight, heads, kv_heads):
    """Groups of query heads, key head and value head as all queries, all keys, all values."""
    per_group = heads // kv_heads
    width = weight.shape[0] // (heads + 2 * kv_heads)
    groups = weight.reshape(kv_heads, per_group + 2, width, *weight.shape[1:])
    parts = groups[:, :-2], groups[:, -2:-1], groups[:, -1:]
    return np.concatenate([part.reshape(-1, *weight.shape[1:]) for part in parts])


class Case:
    def __init__(self, name, arch):
        self.config, weights = read(HERE / "families" / name)
        self.name, self.arch = name, arch
        self.blocks = first(self.config, "num_hidden_layers", "n_layer")
        self.heads = first(self.config, "num_attention_heads", "n_head")
        self.kv_heads = first(self.config, "num_key_value_heads", "num_kv_heads", default=self.heads)
        if arch == A.FALCON and not self.config["new_decoder_architecture"]:
            self.kv_heads = 1 if self.config["multi_query"] else self.heads
        self.width = first(self.config, "hidden_size", "n_embd")
        self.head = first(self.config, "head_dim", default=self.width // self.heads)
        self.writer = gguf.GGUFWriter(HERE / "gguf" / f"{name}.gguf", gguf.MODEL_ARCH_NAMES[arch])
        self.metadata()
        self.tensors(weights)
        self.writer.write_header_to_file()
        self.writer.write_kv_data_to_file()
        self.writer.write_tensors_to_file()
        self.writer.close()

    def metadata(self):
        writer, config, arch = self.writer, self.config, self.arch
        rope = config.get("rope_parameters") or {}
        writer.add_block_count(self.blocks)
        writer.add_embedding_length(self.width)
        writer.add_context_length(first(config, "max_position_embeddings", "n_positions"))
        neurons = first(config, "intermediate_size", "ffn_hidden_size", "n_inner", default=4 * self.width)
        writer.add_feed_forward_length(neurons)
        writer.add_head_count(self.heads)
        if arch not in (A.GPT2, A.GPTNEOX, A.BERT):
            writer.add_head_count_kv(self.kv_heads)
        eps = first(config, "rms_norm_eps")
        if eps is not None:
            writer.add_layer_norm_rms_eps(eps)
        else:
            writer.add_layer_norm_eps(first(config, "layer_norm_eps", "layer_norm_epsilon"))
        if "head_dim" in config:
            writer.add_key_length(self.head)
            writer.add_value_length(self.head)
        if arch not in (A.GPT2, A.BERT):
            own = rope.get("full_attention", rope)
            writer.add_rope_freq_base(first(own, "rope_theta", default=first(config, "rope_theta", "rotary_emb_base", default=10000.0)))
            if "sliding_attention" in rope:
                assert rope["sliding_attention"]["rope_theta"] == 10000.0 and rope["sliding_attention"]["rope_type"] == "default"
            fraction = first(own, "partial_rotary_factor", default=first(config, "partial_rotary_factor", "rotary_pct", default=1.0))
            writer.add_rope_dimension_count(int(self.head * fraction))
            self.scaling(own if own.get("rope_type") else config.get("rope_scaling") or {}, own)
        self.particular()

    def scaling(self, scaling, rope):
        writer = self.writer
        kind = scaling.get("rope_type", scaling.get("type", "default"))
        if kind == "linear":
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            writer.add_rope_scaling_factor(scaling["factor"])
        elif kind == "yarn":
            writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
            writer.add_rope_scaling_factor(scaling["factor"])
            writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
        elif kind == "llama3":
            frequencies = 1.0 / rope["rope_theta"] ** (np.arange(0, self.head, 2) / self.head)
            waves = 2 * np.pi / frequencies
            length, factor = scaling["original_max_position_embeddings"], scaling["factor"]
            low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
            smooth = (length / waves - low) / (high - low)
            between = 1 / ((1 - smooth) / factor + smooth)
            factors = np.where(waves < length / high, 1.0, np.where(waves > length / low, factor, between))
            writer.add_tensor("rope_freqs.weight", factors.astype(np.float32))
        elif kind == "longrope":
            original = first(scaling, "original_max_position_embeddings", default=self.config.get("original_max_position_embeddings"))
            ratio = self.config["max_position_embeddings"] / original
            writer.add_rope_scaling_orig_ctx_len(original)
            writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(ratio) / np.log(original))) if ratio > 1 else 1.0)
            for which in ("long", "short"):
                writer.add_tensor(f"rope_factors_{which}.weight", np.array(scaling[f"{which}_factor"], dtype=np.float32))
        else:
            assert kind == "default", kind

    def particular(self):
        writer, config, arch = self.writer, self.config, self.arch
        if arch == A.QWEN3MOE:
            writer.add_expert_count(first(config, "num_experts", "num_local_experts"))
            writer.add_expert_used_count(config["num_experts_per_tok"])
            writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
        if "num_local_experts" in config and arch == A.LLAMA:
            writer.add_expert_count(config["num_local_experts"])
            writer.add_expert_used_count(config["num_experts_per_tok"])
        if arch in (A.GEMMA2, A.GEMMA3, A.PHI3) and config.get("sliding_window"):
            writer.add_sliding_window(config["sliding_window"])
        if arch == A.GEMMA3:
            writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
        if arch == A.GEMMA2:
            writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        if arch in (A.GPTNEOX, A.STABLELM):
            writer.add_parallel_residual(config["use_parallel_residual"])

    def tensors(self, weights):
        names = gguf.get_tensor_name_map(self.arch, self.blocks)
        stacks = {}
        for name, weight in weights.items():
            if name.startswith(("lm_head", "embed_out", "cls", "pooler")):
                continue
            for prefix in ("model.", "transformer.", "gpt_neox.", "bert."):
                name = name.removeprefix(prefix)
            parts = name.split(".")
            if "experts" in parts:
                expert = int(parts[parts.index("experts") + 1])
                stacks.setdefault(name.replace(f"experts.{expert}.", "experts."), {})[expert] = weight
            elif "norms" in parts:
                stacks.setdefault(name.replace(f".norms.{parts[-2]}.", "."), {})[int(parts[-2])] = weight
            else:
                self.add(names, name, weight)
        for name, weights in stacks.items():
            self.add(names, name, np.stack([weights[i] for i in sorted(weights)]))

    def add(self, names, name, weight):
        prefixes = {A.GPT2: ["transformer."], A.FALCON: ["transformer."], A.GPTNEOX: ["gpt_neox."], A.BERT: ["", "bert."]}
        tries = [f"{prefix}{name}" for prefix in prefixes.get(self.arch, ["model.", ""])]
        found = next((f for f in (names.get_name(t, try_suffixes=(".weight", ".bias")) for t in tries) if f), None)
        assert found, f"{self.name}: {tries}"
        self.write(found, np.ascontiguousarray(self.changed(found, weight)))

    def write(self, name, weight):
        """In as few bits as hold the numbers exactly."""
        if (weight.astype(np.float16) == weight).all():
            self.writer.add_tensor(name, weight.astype(np.float16))
        elif not (weight.view(np.uint32) & 0xFFFF).any():
            kind = gguf.GGMLQuantizationType.BF16
            self.writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
        else:
            self.writer.add_tensor(name, weight)

    def changed(self, name, weight):
        arch = self.arch
        if arch == A.LLAMA and ".attn_q." in name:
            return interleaved(weight, self.heads)
        if arch == A.LLAMA and ".attn_k." in name:
            return interleaved(weight, self.kv_heads)
        # Files do not say `query_pre_attn_scalar`, which is the width of a head; queries make up for another one.
        scale = (self.head / self.config.get("query_pre_attn_scalar", self.head)) ** 0.5
        if arch in (A.GEMMA, A.GEMMA2, A.GEMMA3) and name.endswith("norm.weight"):
            plus_one = (weight + 1) * (scale if ".attn_q_norm." in name else 1)
            return plus_one.astype(np.float32)
        if arch == A.GEMMA2 and ".attn_q." in name:
            return (weight * scale).astype(np.float32)
        if arch in (A.GPTNEOX, A.FALCON) and ".attn_qkv." in name:
            return sorted_heads(weight, self.heads, self.kv_heads)
        matrices = (".attn_qkv.weight", ".attn_output.weight", ".ffn_up.weight", ".ffn_down.weight")
        if arch == A.GPT2 and name.endswith(matrices):
            return weight.T
        return weight


(HERE / "gguf").mkdir(exist_ok=True)
for name, arch in ARCHITECTURES.items():
    Case(name, arch)
