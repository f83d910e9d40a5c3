"""Tiny trained tokenizers of every class with the token ids that transformers gives for 1,000 strings.

    python tokenizer_files.py                  # all cases, into tokenizers/
    python tokenizer_files.py --out DIR      # elsewhere

`texts.json` are the strings. A case is a folder with the files that its name tells: those of
save_pretrained, or the vocabulary that came before tokenizer.json, with a config.json that names the
family. `ids.bin` has four bytes per string, the FNV-1a hash of its token ids as 32-bit little-endian
numbers, which keeps a case at a few kilobytes.

Needs: transformers 5, tokenizers, sentencepiece, protobuf.
"""

import argparse
import io
import json
import os
import random
import shutil

import sentencepiece
import tokenizers
import transformers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

WORDS = """the law court judge of and in to was salt dough oven star Moon sun planet chord tune Drum naïve café
über straße ÉCOLE fiancée São ñandú Čeština Łódź İstanbul ΣΊΣΥΦΟΣ Привет мир ёлка 今天 天気 がいい 東京タワー 我们 去公园
안녕하세요 세계 مرحبا بالعالم שלום नमस्ते दुनिया สวัสดี 🎉 👩‍👩‍👧 🇫🇷 ½ ﬁn x² 10,000 3.14 2024-01-31 http://a.b/c?d=1&e=2 don't
we'll I'VE they're it’s “quoted” —dash – … foo_bar camelCase if(x==1){return;} #tag @user a+b=c <b> &amp; \\n C:\\dir""".split()
SPECIAL = ["<s>", "</s>", "[CLS]", "[SEP]", "[MASK]", "<mask>", "<pad>", "<unk>", "<|endoftext|>", "<bos>", "<extra_id_0>",
           "[UNK]", "<tool>"]
SPACES = [" ", " ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\t", " \n ", "\r\n", "\u00a0", "\u3000", "", ""]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789 .,;:!?-'\"()[]{}\u0301\u0308éßñøΩжשกक한漢字\u200b\u200d\ufeff\ufffd\u0000\u0007"


def make_texts():
    rng = random.Random(7)
    texts = []
    while len(texts) < 1000:
        kind = rng.random()
        if kind < 0.15:
            text = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 24)))
        else:
            parts = []
            for _ in range(rng.randint(1, 12)):
                word = rng.choice(WORDS)
                if kind > 0.85 and rng.random() < 0.3:
                    word = rng.choice(SPECIAL)
                if rng.random() < 0.1:
                    word = word.upper()
                parts += [word, rng.choice(SPACES)]
            text = "".join(parts)
            if rng.random() < 0.7:
                text = text.strip()
            if rng.random() < 0.1:
                text = rng.choice([" ", "  ", "▁", "\n"]) + text
        if text.strip():
            texts.append(text)
    return texts


def fnv(ids):
    value = 0x811C9DC5
    for token in ids:
        for byte in token.to_bytes(4, "little"):
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def wordpiece(texts, special):
    made = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False))
    return made


def byte_bpe(texts, special, normalizer=None):
    made = tokenizers.Tokenizer(models.BPE())
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(texts, trainer)
    return made


def pieces(texts, kind, **options):
    """A SentencePiece model with a handful of normalization rules, which keep it small."""
    # A relative name, since it is kept in the model.
    rules = "rules.tsv"
    with open(rules, "w") as file:
        for source, target in [("ﬁ", "fi"), ("½", "1/2"), ("\u00a0", " "), ("\u3000", " "), ("…", "..."), ("Č", "C")]:
            left = " ".join(f"{ord(c):X}" for c in source)
            file.write(left + "\t" + " ".join(f"{ord(c):X}" for c in target) + "\n")
    model = io.BytesIO()
    # The trainer refuses strings with its own control symbols.
    clean = [t.replace("\0", "") for t in texts if not any(s in t for s in ("<s>", "</s>", "<unk>", "<pad>", "<bos>"))]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(clean), model_writer=model, model_type=kind, normalization_rule_tsv=rules, minloglevel=2,
        hard_vocab_limit=False, **options)
    os.remove(rules)
    return model.getvalue()


def write(folder, name, content):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode())


def vocab_files(folder, made, names):
    model = json.loads(made.to_str())["model"]
    if names == ["vocab.txt"]:
        by_id = sorted(model["vocab"], key=model["vocab"].get)
        write(folder, "vocab.txt", ("\n".join(by_id) + "\n").encode())
    else:
        write(folder, "vocab.json", model["vocab"])
        merges = "\n".join(" ".join(pair) for pair in model["merges"])
        write(folder, "merges.txt", ("#version: 0.2\n" + merges + "\n").encode())


def cases(texts):
    """Name, model_type, a function that writes the files, tokenizer_config.json or None."""
    bert = wordpiece(texts, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    mpnet = wordpiece(texts, ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    gpt = byte_bpe(texts, ["<|endoftext|>"])
    roberta = byte_bpe(texts, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    neox = byte_bpe(texts, ["<|endoftext|>", "<|padding|>"], normalizers.NFC())
    llama_bpe = pieces(texts, "bpe", vocab_size=700, byte_fallback=True, add_dummy_prefix=True, remove_extra_whitespaces=False,
                       user_defined_symbols=["<tool>"], character_coverage=0.98)
    gemma_bpe = pieces(texts, "bpe", vocab_size=700, byte_fallback=True, add_dummy_prefix=False, remove_extra_whitespaces=False,
                       pad_id=0, eos_id=1, bos_id=2, unk_id=3, eos_piece="<eos>", bos_piece="<bos>", character_coverage=0.98,
                       control_symbols=["<mask>"])
    t5 = pieces(texts, "unigram", vocab_size=600, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.98)
    xlmr = pieces(texts, "unigram", vocab_size=600, character_coverage=0.98)

    def tokenizer_json(made, post=None):
        def files(folder):
            if post is not None:
                made.post_processor = post
            made.save(os.path.join(folder, "tokenizer.json"))
        return files

    def vocabulary(made, *names):
        return lambda folder: vocab_files(folder, made, list(names))

    def model(name, content):
        return lambda folder: write(folder, name, content)

    def saved(kind, files, **options):
        """The files of save_pretrained of a tokenizer that is made from others."""
        def save(folder):
            source = folder + "-source"
            os.makedirs(source)
            files(source)
            getattr(transformers, kind).from_pretrained(source, **options).save_pretrained(folder)
            shutil.rmtree(source)
            # Where the vocabulary lay is nobody's.
            path = os.path.join(folder, "tokenizer_config.json")
            with open(path) as file:
                config = {key: value for key, value in json.load(file).items() if not str(value).startswith(source)}
            with open(path, "w") as file:
                json.dump(config, file, indent=1)
                file.write("\n")
        return save

    def template(bos, number):
        return processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, number)])

    yield "bert", "bert", saved("BertTokenizer", vocabulary(bert, "vocab.txt")), None
    yield "bert-cased", "bert", tokenizer_json(bert), dict(tokenizer_class="BertTokenizerFast", do_lower_case=False)
    yield "bert-accents", "electra", tokenizer_json(bert), dict(
        tokenizer_class="ElectraTokenizer", do_lower_case=True, strip_accents=False, tokenize_chinese_chars=False)
    yield "bert-vocab", "distilbert", vocabulary(bert, "vocab.txt"), dict(
        tokenizer_class="DistilBertTokenizer", do_lower_case=False, strip_accents=True)
    yield "mpnet", "mpnet", saved("MPNetTokenizer", vocabulary(mpnet, "vocab.txt")), None
    yield "mpnet-vocab", "mpnet", vocabulary(mpnet, "vocab.txt"), dict(tokenizer_class="MPNetTokenizer", do_lower_case=False)
    yield "gpt2", "gpt2", saved("GPT2Tokenizer", vocabulary(gpt, "vocab.json", "merges.txt")), None
    yield "gpt2-space", "gptj", tokenizer_json(gpt), dict(tokenizer_class="GPT2Tokenizer", add_prefix_space=True)
    yield "gpt2-merges", "opt", vocabulary(gpt, "vocab.json", "merges.txt"), dict(
        tokenizer_class="GPT2Tokenizer", add_bos_token=True, bos_token="</s>", unk_token="</s>", eos_token="</s>", pad_token="<pad>")
    yield "roberta", "roberta", saved("RobertaTokenizer", vocabulary(roberta, "vocab.json", "merges.txt")), None
    yield "roberta-merges", "roberta", vocabulary(roberta, "vocab.json", "merges.txt"), dict(
        tokenizer_class="RobertaTokenizer", add_prefix_space=True, model_max_length=512)
    yield "gpt_neox", "gpt_neox", tokenizer_json(neox), dict(tokenizer_class="GPTNeoXTokenizer", add_prefix_space=False)
    yield "qwen2", "qwen2", tokenizer_json(gpt), dict(tokenizer_class="Qwen2Tokenizer", bos_token=None)
    yield "qwen2-merges", "qwen3", vocabulary(gpt, "vocab.json", "merges.txt"), dict(
        tokenizer_class="Qwen2Tokenizer", bos_token=None, additional_special_tokens=["<tool>"])
    yield "llama-pieces", "llama", model("tokenizer.model", llama_bpe), dict(
        tokenizer_class="LlamaTokenizer", add_bos_token=True, add_eos_token=False, legacy=False)
    yield "llama-legacy", "llama", model("tokenizer.model", llama_bpe), dict(
        tokenizer_class="LlamaTokenizerFast", add_bos_token=True, add_eos_token=True, legacy=True)
    yield "llama-saved", "llama", saved("LlamaTokenizer", model("tokenizer.model", llama_bpe)), None
    yield "llama-plain-pieces", "llama", model("tokenizer.model", llama_bpe), None
    yield "mistral-pieces", "mistral", model("tokenizer.model", llama_bpe), dict(
        tokenizer_class="LlamaTokenizer", add_bos_token=True, legacy=False)
    yield "llama-bytes", "llama", tokenizer_json(gpt, template("<|endoftext|>", 0)), dict(
        tokenizer_class="PreTrainedTokenizerFast", bos_token="<|endoftext|>", added_tokens_decoder={
            "0": dict(content="<|endoftext|>", special=True), "500": dict(content="<tool>", special=False, normalized=False)})
    yield "llama-bytes-misnamed", "llama", tokenizer_json(gpt, template("<|endoftext|>", 0)), dict(
        tokenizer_class="LlamaTokenizer", bos_token="<|endoftext|>", pad_token="<pad>")
    yield "gemma-pieces", "gemma2", model("tokenizer.model", gemma_bpe), dict(tokenizer_class="GemmaTokenizer", add_bos_token=True)
    yield "gemma", "gemma", saved("GemmaTokenizer", model("tokenizer.model", gemma_bpe)), None
    yield "t5-pieces", "t5", model("spiece.model", t5), dict(tokenizer_class="T5Tokenizer")
    yield "t5", "t5", saved("T5Tokenizer", model("spiece.model", t5)), None
    yield "xlm-roberta-pieces", "xlm-roberta", model("sentencepiece.bpe.model", xlmr), None
    yield "xlm-roberta", "xlm-roberta", saved("XLMRobertaTokenizer", model("sentencepiece.bpe.model", xlmr)), None
    yield "modernbert", "modernbert", tokenizer_json(gpt), dict(
        tokenizer_class="PreTrainedTokenizerFast", additional_special_tokens=["<tool>"], mask_token="[MASK]")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers"))
    out = parser.parse_args().out
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    texts = make_texts()
    with open(os.path.join(out, "texts.json"), "w") as file:
        json.dump(texts, file, ensure_ascii=False, indent=0)
    for name, family, files, config in cases(texts):
        folder = os.path.join(out, name)
        os.makedirs(folder)
        files(folder)
        write(folder, "config.json", dict(model_type=family))
        if config is not None:
            write(folder, "tokenizer_config.json", config)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        encoded = [tokenizer(text).input_ids for text in texts]
        write(folder, "ids.bin", b"".join(fnv(ids).to_bytes(4, "little") for ids in encoded))
        for extra in ("chat_template.jinja",):
            if os.path.exists(os.path.join(folder, extra)):
                os.remove(os.path.join(folder, extra))
        print(f"{name}: {type(tokenizer).__name__}, {len(tokenizer)} tokens, {sum(map(len, encoded))} ids", flush=True)


if __name__ == "__main__":
    main()
