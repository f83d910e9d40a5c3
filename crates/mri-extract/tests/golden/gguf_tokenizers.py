"""Token ids of GGUF vocabularies as transformers gives them. usage: gguf_tokenizers.py [SMOLLM2.gguf]
(needs gguf, transformers, tokenizers)

Writes tiny vocabularies of every kind to gguf_tokenizers/ with the ids of some texts, and, given SmolLM2's file, the ids
of 1,200 texts to gguf_tokenizers/smollm2.safetensors.
"""

import json
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import gguf
import numpy as np
import tokenizers
from safetensors.numpy import save_file
from transformers import AutoTokenizer, BertTokenizer

HERE = Path(__file__).parent / "gguf_tokenizers"
NORMAL, UNKNOWN, CONTROL, USER, BYTE = 1, 2, 3, 4, 6
WORDS = """the quick brown fox jumps over lazy dogs it's we're I'll CAN'T Hello World don't naïve café Zürich straße Ελλάδα
Привет мир 你好 世界 こんにちは 한국어 مرحبا שלום नमस्ते สวัสดี 🙂 👩‍👩‍👧 🇧🇷 e\u0301 ﬁ Ｗｉｄｅ fn main() { println!("{}", x+1); } for(i=0;i<10;i++)
a_b camelCase snake_case https://example.org/?q=1&r=2 1 12 123 1234 3.14 1e-5 0x1F ½ ² x² — … « » “ ” ‘ ’ $5 100% #tag @me
<|im_start|> <|endoftext|> <s> </s> <unk> [CLS] [MASK] <extra_id_0> <think>""".split()
SPACES = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", " \n ", "\u00a0", "\u3000", "", "\r\n"]


def texts(count, seed):
    """Words of many scripts, code, digits and emoji between all kinds of white space."""
    draw = random.Random(seed)
    made = ["", " ", "  ", "\n", " a", "a ", "  hi", "\u2581a", "".join(WORDS), " ".join(WORDS)]
    while len(made) < count:
        parts = []
        for _ in range(draw.randint(1, 9)):
            parts += [draw.choice(WORDS), draw.choice(SPACES)]
        if draw.random() < 0.2:
            parts.append("".join(chr(draw.choice([*range(32, 127), *range(0xA0, 0x600), *range(0x4E00, 0x4E80)])) for _ in range(9)))
        made.append("".join(parts))
    return made


def write(name, architecture, kind, tokens, types, **entries):
    """A file with a vocabulary and just enough of a model for transformers to look at it."""
    writer = gguf.GGUFWriter(HERE / f"{name}.gguf", architecture)
    writer.add_block_count(1)
    writer.add_embedding_length(8)
    writer.add_head_count(1)
    writer.add_context_length(64)
    writer.add_feed_forward_length(8)
    writer.add_tokenizer_model(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    for key, value in entries.items():
        getattr(writer, f"add_{key}")(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def sentence_pieces(tokens, special):
    """Letters and pieces of words with scores after their length, and all bytes."""
    pieces = {"\u2581": -1.0}
    for word in WORDS[:16]:
        for piece in (word, "\u2581" + word):
            for end in range(1, len(piece) + 1):
                pieces.setdefault(piece[:end], -float(len(pieces)))
                pieces.setdefault(piece[-end:], -float(len(pieces)))
    tokens = [*tokens, *(f"<0x{i:02X}>" for i in range(256)), *pieces]
    types = [*special, *[BYTE] * 256, *[NORMAL] * len(pieces)]
    scores = [0.0] * (len(tokens) - len(pieces)) + list(pieces.values())
    return tokens, types, scores


def byte_pairs():
    trained = tokenizers.Tokenizer(tokenizers.models.BPE())
    trained.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    trained.train_from_iterator(texts(150, 3), trainer)
    model = json.loads(trained.to_str())["model"]
    vocab = sorted(model["vocab"], key=model["vocab"].get)
    return vocab, [" ".join(merge) for merge in model["merges"]]


def of_transformers(name):
    return AutoTokenizer.from_pretrained(HERE, gguf_file=f"{name}.gguf")


def main():
    HERE.mkdir(exist_ok=True)
    cases = texts(200, 1)
    ids = {}

    special = ["<unk>", "<s>", "</s>"], [UNKNOWN, CONTROL, CONTROL]
    ends = dict(bos_token_id=1, eos_token_id=2, unk_token_id=0)
    tokens, types, scores = sentence_pieces(*special)
    for architecture in ("llama", "phi3"):
        write(architecture, architecture, "llama", tokens, types, token_scores=scores, **ends)
        ids[architecture] = of_transformers(architecture)
    tokens, types, scores = sentence_pieces(["<pad>", "<eos>", "<bos>", "<unk>", "  ", "   "], [CONTROL] * 3 + [UNKNOWN, USER, USER])
    write("gemma", "gemma2", "llama", tokens, types, token_scores=scores, bos_token_id=2, eos_token_id=1, unk_token_id=3,
          pad_token_id=0, add_bos_token=True)
    ids["gemma"] = of_transformers("gemma")

    vocab, merges = byte_pairs()
    for pre in ("default", "llama-bpe", "qwen2", "tekken", "gpt-4o"):
        tokens = [*vocab, "<|endoftext|>", "<|im_start|>", "<think>"]
        end = len(vocab)
        write(f"bytes-{pre}", "llama", "gpt2", tokens, [*[NORMAL] * len(vocab), CONTROL, CONTROL, USER], tokenizer_pre=pre,
              token_merges=merges, bos_token_id=end + 1, eos_token_id=end, add_bos_token=pre != "qwen2")
        ids[f"bytes-{pre}"] = of_transformers(f"bytes-{pre}")

    tokens, types, scores = sentence_pieces(["<pad>", "</s>", "<unk>"], [CONTROL, CONTROL, UNKNOWN])
    unigram = [(t, k, s) for t, k, s in zip(tokens, types, scores) if k != BYTE] + [(f"[PAD{i}]", 5, 0.0) for i in range(100)]
    tokens, types, scores = map(list, zip(*unigram))
    write("t5", "t5", "t5", tokens, types, token_scores=[s / 10 for s in scores], eos_token_id=1, unk_token_id=2, pad_token_id=0,
          add_eos_token=True)
    ids["t5"] = of_transformers("t5")

    pieces = dict.fromkeys(c for word in WORDS for c in word.lower())
    pieces |= dict.fromkeys(word.lower()[:4] for word in WORDS[:40] if word.isalnum())
    pieces |= dict.fromkeys("##" + word.lower()[-n:] for word in WORDS[:40] if word.isalnum() for n in (1, 2))
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(p for p in pieces if not p.startswith("["))]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "vocab.txt").write_text("\n".join(vocab))
        ids["bert"] = BertTokenizer.from_pretrained(folder)
    respelled = [t if t[0] == "[" and t[-1] == "]" else t[2:] if t[:2] == "##" else "\u2581" + t for t in vocab]
    write("bert", "bert", "bert", respelled, [CONTROL] * 5 + [NORMAL] * (len(vocab) - 5), bos_token_id=2, sep_token_id=3,
          unk_token_id=1, pad_token_id=0, mask_token_id=4)

    found = {name: [tokenizer(text)["input_ids"] for text in cases] for name, tokenizer in ids.items()}
    (HERE / "ids.json").write_text(json.dumps({"texts": cases, "ids": found}, ensure_ascii=False, separators=(",", ":")))

    if len(sys.argv) > 1:
        model = Path(sys.argv[1])
        tokenizer = AutoTokenizer.from_pretrained(model.parent, gguf_file=model.name)
        many = [text for text in texts(1200, 2) if text]
        found = [tokenizer(text)["input_ids"] for text in many]
        save_file({
            "texts": np.frombuffer("\0".join(many).encode(), dtype=np.uint8),
            "lengths": np.array([len(one) for one in found], dtype=np.uint32),
            "ids": np.array([id for one in found for id in one], dtype=np.uint16),
        }, HERE / "smollm2.safetensors")


main()
