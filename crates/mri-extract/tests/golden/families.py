"""Tiny random models of every supported family with the states that transformers computes for them.

    python families.py                                   # all cases, seed 0, into families/
    python families.py --only llama --seed 5 --out /tmp/f   # other weights and texts
    python families.py --case '{"name": "mine", "family": "Llama", "config": {"head_dim": 16}}' --out /tmp/f

A case is a folder with config.json and safetensors as save_pretrained writes them, and
expected.safetensors: `ids` and `lengths` (tokens per text), `resid` of shape (blocks + 1, tokens,
width) and, for the first case of a family, `attn_out`, `mlp_out` and `mlp_act`, taken by hooks.

    MRI_FRESH_FAMILIES=/tmp/f cargo test -p mri-extract families

Texts run one by one, without padding, in fp32 with eager attention. Weights are drawn anew, norms
and biases too (transformers starts them at 1 and 0, which hides mistakes), and rounded to the format
they are stored in, so that the stored model is exactly the one that ran.

Needs: torch, transformers 5, safetensors, numpy.
"""

import argparse
import json
import os
import shutil

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file

LENGTHS = [6, 1, 15, 2, 9]

BERT = dict(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=48, max_position_embeddings=24)
GPT2 = dict(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=24)
LLAMA = dict(BERT, num_key_value_heads=2, pad_token_id=0)

# Where a family keeps its blocks, and in a block: the module whose output the attention adds to the
# residual stream, the same for the feed-forward part, and the down projection (None: experts).
BERT_SITES = ("encoder.layer", "attention.output.dense", "output.dense", "output.dense")
LLAMA_SITES = ("layers", "self_attn.o_proj", "mlp.down_proj", "mlp.down_proj")
GEMMA_SITES = ("layers", "post_attention_layernorm", "post_feedforward_layernorm", "mlp.down_proj")
MOE_SITES = ("layers", "self_attn.o_proj", "mlp", None)
FAMILIES = {
    "Bert": (BERT, BERT_SITES),
    "Roberta": (BERT, BERT_SITES),
    "XLMRoberta": (BERT, BERT_SITES),
    "Electra": (BERT, BERT_SITES),
    "DistilBert": (
        dict(vocab_size=64, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=24),
        ("transformer.layer", "attention.out_lin", "ffn.lin2", "ffn.lin2")),
    "MPNet": (BERT, ("encoder.layer", "attention.attn.o", "output.dense", "output.dense")),
    "ModernBert": (dict(BERT, pad_token_id=0, cls_token_id=1, sep_token_id=2, num_hidden_layers=3),
                   ("layers", "attn.Wo", "mlp.Wo", "mlp.Wo")),
    "T5": (dict(vocab_size=64, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=1, num_heads=4),
           ("encoder.block", "layer.0.SelfAttention.o", "layer.1.DenseReluDense.wo", "layer.1.DenseReluDense.wo")),
    "GPT2": (GPT2, ("h", "attn.c_proj", "mlp.c_proj", "mlp.c_proj")),
    "GPTNeo": (dict(vocab_size=64, hidden_size=32, num_layers=2, num_heads=4, max_position_embeddings=24,
                    attention_types=[[["global", "local"], 1]], window_size=4),
               ("h", "attn.attention.out_proj", "mlp.c_proj", "mlp.c_proj")),
    "GPTJ": (dict(GPT2, rotary_dim=4), ("h", "attn.out_proj", "mlp.fc_out", "mlp.fc_out")),
    "GPTNeoX": (BERT, ("layers", "attention.dense", "mlp.dense_4h_to_h", "mlp.dense_4h_to_h")),
    "OPT": (dict(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=48,
                 max_position_embeddings=24, word_embed_proj_dim=32),
            ("decoder.layers", "self_attn.out_proj", "fc2", "fc2")),
    "Falcon": (dict(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_hidden_size=48,
                    max_position_embeddings=24),
               ("h", "self_attention.dense", "mlp.dense_4h_to_h", "mlp.dense_4h_to_h")),
    "Llama": (LLAMA, LLAMA_SITES),
    "Granite": (dict(LLAMA, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.4,
                     logits_scaling=2.0), LLAMA_SITES),
    "Mistral": (LLAMA, LLAMA_SITES),
    "Qwen2": (LLAMA, LLAMA_SITES),
    "Qwen3": (dict(LLAMA, head_dim=12), LLAMA_SITES),
    "Gemma": (dict(LLAMA, head_dim=16), LLAMA_SITES),
    "Gemma2": (dict(LLAMA, head_dim=16, sliding_window=4, query_pre_attn_scalar=24), GEMMA_SITES),
    "Gemma3Text": (dict(LLAMA, head_dim=16, sliding_window=4, query_pre_attn_scalar=24), GEMMA_SITES),
    "Phi": (LLAMA, ("layers", "self_attn.dense", "mlp.fc2", "mlp.fc2")),
    "Phi3": (LLAMA, LLAMA_SITES),
    "Olmo2": (LLAMA, GEMMA_SITES),
    "StableLm": (LLAMA, LLAMA_SITES),
    "Mixtral": (dict(LLAMA, num_local_experts=4, num_experts_per_tok=2), MOE_SITES),
    "Qwen3Moe": (dict(LLAMA, head_dim=12, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24), MOE_SITES),
}

YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 8}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
# Texts of 9 and 15 tokens are long, those of 1, 2 and 6 are not.
LONGROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.1, 1.3, 1.9],
            "long_factor": [1.5, 2.5, 4.0, 7.0], "original_max_position_embeddings": 8}

# `config` overrides the family's; `head` or `model` is the class that saves (prefixes differ); `dtype` the stored
# format; `shards` the largest file; `rewrite` turns config.json into an older spelling (None deletes).
CASES = [
    dict(name="bert", family="Bert"),
    dict(name="bert-masked-lm", family="Bert", head="ForMaskedLM", dtype="float16",
         config=dict(hidden_act="relu", type_vocab_size=1, num_attention_heads=2)),
    dict(name="roberta", family="Roberta"),
    dict(name="roberta-masked-lm", family="Roberta", head="ForMaskedLM", config=dict(pad_token_id=3, hidden_act="gelu_new")),
    dict(name="xlm-roberta", family="XLMRoberta"),
    dict(name="xlm-roberta-masked-lm", family="XLMRoberta", head="ForMaskedLM", dtype="float32",
         config=dict(type_vocab_size=1, num_hidden_layers=1)),
    dict(name="distilbert", family="DistilBert"),
    dict(name="distilbert-masked-lm", family="DistilBert", head="ForMaskedLM", config=dict(activation="relu", n_heads=2)),
    dict(name="electra", family="Electra", config=dict(embedding_size=16)),
    dict(name="electra-wide", family="Electra", head="ForMaskedLM", config=dict(embedding_size=32)),
    dict(name="mpnet", family="MPNet"),
    dict(name="mpnet-masked-lm", family="MPNet", head="ForMaskedLM", config=dict(num_attention_heads=2)),
    dict(name="modernbert", family="ModernBert", config=dict(local_attention=6)),
    dict(name="modernbert-biased", family="ModernBert", head="ForMaskedLM",
         config=dict(local_attention=4, norm_bias=True, attention_bias=True, mlp_bias=True,
                     hidden_activation="silu", num_hidden_layers=4),
         rewrite=dict(layer_types=None, rope_parameters=None, global_attn_every_n_layers=3,
                      global_rope_theta=160000.0, local_rope_theta=10000.0)),
    dict(name="t5", family="T5", head="EncoderModel"),
    dict(name="t5-gated", family="T5", head="ForConditionalGeneration",
         config=dict(feed_forward_proj="gated-gelu", relative_attention_num_buckets=8,
                     relative_attention_max_distance=12, d_kv=12)),
    dict(name="gpt2", family="GPT2"),
    dict(name="gpt2-lm", family="GPT2", head="LMHeadModel",
         config=dict(n_inner=40, activation_function="relu", scale_attn_by_inverse_layer_idx=True)),
    dict(name="gpt_neo", family="GPTNeo"),
    dict(name="gpt_neo-lm", family="GPTNeo", head="ForCausalLM", config=dict(intermediate_size=40, num_heads=2)),
    dict(name="gptj", family="GPTJ"),
    dict(name="gptj-lm", family="GPTJ", head="ForCausalLM", config=dict(rotary_dim=8, n_inner=40)),
    dict(name="gpt_neox", family="GPTNeoX", config=dict(rope_parameters={"rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
    dict(name="gpt_neox-sequential", family="GPTNeoX", head="ForCausalLM",
         config=dict(use_parallel_residual=False, attention_bias=False, tie_word_embeddings=True,
                     rope_parameters={"rope_theta": 500.0, "partial_rotary_factor": 1.0}),
         rewrite=dict(rope_parameters=None, rotary_pct=1.0, rotary_emb_base=500)),
    dict(name="opt", family="OPT"),
    dict(name="opt-post-norm", family="OPT", head="ForCausalLM",
         config=dict(do_layer_norm_before=False, word_embed_proj_dim=16)),
    dict(name="opt-no-bias", family="OPT", head="ForCausalLM", config=dict(enable_bias=False, activation_function="gelu")),
    dict(name="falcon", family="Falcon", config=dict(new_decoder_architecture=True, num_kv_heads=2)),
    dict(name="falcon-multi-query", family="Falcon", head="ForCausalLM"),
    # With eager attention transformers 5.23 adds ALiBi twice, in the mask and again in the scores; its
    # default, fused attention adds it once, as the paper does.
    dict(name="falcon-alibi", family="Falcon", head="ForCausalLM", attention="sdpa",
         config=dict(alibi=True, multi_query=False, parallel_attn=False, bias=True, hidden_size=48, num_attention_heads=6,
                     num_kv_heads=6)),
    dict(name="llama", family="Llama", head="ForCausalLM"),
    dict(name="llama-biased-llama3", family="Llama", head="ForCausalLM", shards="24KB",
         config=dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True, num_key_value_heads=4,
                     rope_parameters=LLAMA3)),
    dict(name="llama-yarn", family="Llama", config=dict(rope_parameters=YARN, num_key_value_heads=1)),
    dict(name="llama-linear", family="Llama", dtype="float16",
         config=dict(rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 3.0}, head_dim=16),
         rewrite=dict(rope_parameters=None, rope_theta=10000.0, rope_scaling={"type": "linear", "factor": 3.0})),
    dict(name="granite", family="Granite", head="ForCausalLM"),
    dict(name="granite-biased", family="Granite",
         config=dict(attention_bias=True, mlp_bias=True, num_key_value_heads=4, residual_multiplier=1.5)),
    dict(name="mistral", family="Mistral", head="ForCausalLM", config=dict(sliding_window=4)),
    dict(name="mistral-wide-heads", family="Mistral", config=dict(sliding_window=None, head_dim=16)),
    dict(name="qwen2", family="Qwen2", head="ForCausalLM"),
    dict(name="qwen2-window", family="Qwen2",
         config=dict(use_sliding_window=True, sliding_window=4, max_window_layers=1, num_key_value_heads=4),
         rewrite=dict(layer_types=None)),
    dict(name="qwen3", family="Qwen3", head="ForCausalLM"),
    dict(name="qwen3-biased", family="Qwen3", config=dict(attention_bias=True, num_key_value_heads=4)),
    dict(name="gemma", family="Gemma", head="ForCausalLM", config=dict(num_key_value_heads=1)),
    dict(name="gemma-many-heads", family="Gemma", config=dict(num_key_value_heads=4, head_dim=12)),
    dict(name="gemma2", family="Gemma2", head="ForCausalLM"),
    dict(name="gemma2-uncapped", family="Gemma2", config=dict(attn_logit_softcapping=None, num_hidden_layers=3)),
    dict(name="gemma3_text", family="Gemma3Text", model="Gemma3ForCausalLM",
         config=dict(layer_types=["sliding_attention", "full_attention"],
                     rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
                                      "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}})),
    dict(name="gemma3_text-old", family="Gemma3Text",
         config=dict(num_hidden_layers=3, num_key_value_heads=1,
                     layer_types=["sliding_attention", "full_attention", "sliding_attention"],
                     rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                                      "full_attention": {"rope_type": "default", "rope_theta": 1000.0}}),
         rewrite=dict(layer_types=None, rope_parameters=None, sliding_window_pattern=2,
                      rope_theta=1000.0, rope_local_base_freq=100.0)),
    dict(name="phi", family="Phi", head="ForCausalLM", config=dict(num_key_value_heads=4)),
    dict(name="phi-qk-norm", family="Phi",
         config=dict(qk_layernorm=True, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.25})),
    dict(name="phi3", family="Phi3", head="ForCausalLM",
         config=dict(rope_parameters=LONGROPE, original_max_position_embeddings=8)),
    dict(name="phi3-window", family="Phi3", config=dict(sliding_window=4, num_key_value_heads=4)),
    dict(name="olmo2", family="Olmo2", head="ForCausalLM"),
    dict(name="olmo2-biased", family="Olmo2", config=dict(attention_bias=True, num_key_value_heads=4)),
    dict(name="stablelm", family="StableLm", head="ForCausalLM", config=dict(use_qkv_bias=True)),
    dict(name="stablelm-parallel", family="StableLm",
         config=dict(qk_layernorm=True, use_parallel_residual=True,
                     rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5})),
    dict(name="mixtral", family="Mixtral", head="ForCausalLM"),
    dict(name="mixtral-window", family="Mixtral", head="ForCausalLM",
         config=dict(sliding_window=4, num_local_experts=3, num_experts_per_tok=1)),
    dict(name="qwen3_moe", family="Qwen3Moe", head="ForCausalLM", config=dict(norm_topk_prob=True)),
    dict(name="qwen3_moe-mixed", family="Qwen3Moe", head="ForCausalLM",
         config=dict(mlp_only_layers=[0], num_experts_per_tok=1)),
    # Decoders that were made to see both ways.
    dict(name="both-ways-qwen2", family="Qwen2", head="ForCausalLM", config=dict(is_causal=False)),
    dict(name="both-ways-gpt2", family="GPT2", config=dict(is_causal=False)),
    dict(name="both-ways-mistral", family="Mistral", config=dict(is_causal=False, sliding_window=3)),
    dict(name="both-ways-gemma3_text", family="Gemma3Text",
         config=dict(use_bidirectional_attention=True, sliding_window=6,
                     layer_types=["sliding_attention", "full_attention"])),
    # The first releases of Gemma say "gelu" and mean its tanh approximation.
    dict(name="gemma-gelu", family="Gemma", config=dict(hidden_act="gelu_pytorch_tanh"), rewrite=dict(hidden_act="gelu")),
]


def randomise(model, generator, dtype):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.ndim >= 2:
            # States of order one in every layer, with scores that differ enough to matter.
            noise *= 1.3 / parameter.shape[-1] ** 0.5 if "emb" not in name and "wte" not in name else 0.7
        elif name.endswith("bias"):
            noise *= 0.3
        else:
            noise = 1 + 0.3 * noise
        parameter.data = noise.to(dtype).float()


def module(root, path):
    for name in path.split("."):
        root = getattr(root, name)
    return root


def states(model, base, sites, ids, width):
    """The states of one text, each of shape (blocks, tokens, columns)."""
    taken = {"attn_out": [], "mlp_out": [], "mlp_act": [], "block": []}
    first = lambda out: (out[0] if isinstance(out, tuple) else out)
    keep = lambda key: (lambda _, __, out: taken[key].append(first(out).detach().clone().reshape(len(ids), -1)))
    blocks, attn, mlp, down = sites
    handles = []
    for block in module(base, blocks):
        handles.append(block.register_forward_hook(keep("block")))
        handles.append(module(block, attn).register_forward_hook(keep("attn_out")))
        handles.append(module(block, mlp).register_forward_hook(keep("mlp_out")))
        if down:
            handles.append(module(block, down).register_forward_pre_hook(
                lambda _, args: taken["mlp_act"].append(args[0].detach().clone().reshape(len(ids), -1))))
    with torch.inference_mode():
        out = base(input_ids=torch.tensor([ids]), output_hidden_states=True)
    for handle in handles:
        handle.remove()
    resid = [h[0] for h in out.hidden_states]
    if resid[-1].shape[-1] != width:
        # OPT with a narrower embedding maps its last state back; ours is the state itself, after the
        # final norm where there is one.
        norm = getattr(base.decoder, "final_layer_norm", None) or torch.nn.Identity()
        with torch.inference_mode():
            resid[-1] = norm(taken["block"][-1])
    taken["resid"] = resid
    del taken["block"]
    return {key: torch.stack(value).numpy() for key, value in taken.items() if value}


def build(case, seed, out, with_sites):
    defaults, sites = FAMILIES[case["family"]]
    torch.manual_seed(seed)
    config = getattr(transformers, case["family"] + "Config")(**{**defaults, **case.get("config", {})})
    config._attn_implementation = case.get("attention", "eager")
    model = getattr(transformers, case.get("model", case["family"] + case.get("head", "Model")))(config)
    model.eval()
    dtype = getattr(torch, case.get("dtype", "bfloat16"))
    generator = torch.Generator().manual_seed(seed * 1000 + sum(case["name"].encode()))
    randomise(model, generator, dtype)
    base = model if case["family"] == "T5" else model.base_model
    if case["family"] == "T5":
        sites = (sites[0].removeprefix("encoder."), *sites[1:])
        base = model.get_encoder()
        base = getattr(base, "encoder", base)
    width = model.get_input_embeddings().weight.shape[1] if case["family"] == "T5" else config.hidden_size

    lengths = LENGTHS if seed == 0 else torch.randint(1, 22, (6,), generator=generator).tolist()
    texts = [torch.randint(0, config.vocab_size, (n,), generator=generator).tolist() for n in lengths]
    parts = [states(model, base, sites, ids, width) for ids in texts]
    tensors = {key: np.concatenate([part[key] for part in parts], axis=1) for key in parts[0]
               if with_sites or key == "resid"}
    # A site is what its branch adds to the residual stream: for Granite the scaled output.
    for key in ("attn_out", "mlp_out"):
        if key in tensors:
            tensors[key] = tensors[key] * np.float32(getattr(config, "residual_multiplier", 1.0))
    tensors["ids"] = np.concatenate([np.array(ids, dtype=np.int32) for ids in texts])
    tensors["lengths"] = np.array(lengths, dtype=np.int32)

    folder = os.path.join(out, case["name"])
    shutil.rmtree(folder, ignore_errors=True)
    model.to(dtype).save_pretrained(folder, **({"max_shard_size": case["shards"]} if "shards" in case else {}))
    generation = os.path.join(folder, "generation_config.json")
    if os.path.exists(generation):
        os.remove(generation)
    path = os.path.join(folder, "config.json")
    with open(path) as file:
        stored = json.load(file)
    for key, value in case.get("rewrite", {}).items():
        if value is None:
            stored.pop(key, None)
        else:
            stored[key] = value
    with open(path, "w") as file:
        json.dump(stored, file, indent=1)
        file.write("\n")
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, os.path.join(folder, "expected.safetensors"))
    for name in os.listdir(folder):
        os.chmod(os.path.join(folder, name), 0o644)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "families"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", help="the cases whose name starts with this")
    parser.add_argument("--case", help="a case of your own, as JSON")
    args = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    cases = [json.loads(args.case)] if args.case else CASES
    seen = set()
    for case in cases:
        with_sites = case["family"] not in seen or args.seed != 0
        seen.add(case["family"])
        if args.only and not case["name"].startswith(args.only):
            continue
        try:
            build(case, args.seed, args.out, with_sites)
        except Exception as error:
            raise RuntimeError(f"case {case['name']}") from error
    print(f"{len(os.listdir(args.out))} cases in {args.out}")


if __name__ == "__main__":
    main()
