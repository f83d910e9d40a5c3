"""Parquet files that say of themselves what is not so.

    python damaged.py            # into damaged/ beside this script

Each is a table of two columns of strings, text and label, written byte by byte; good.parquet is sound, and every
other one differs from it in one claim. Needs: pyarrow, to see that good.parquet is what it should be (made with 26.0.1).
"""

from pathlib import Path

import pyarrow.parquet as pq

OUT = Path(__file__).parent / "damaged"

# Kinds of values of Thrift's compact protocol.
TRUE, I32, I64, BINARY, LIST, STRUCT = 1, 5, 6, 8, 9, 12
PLAIN, RLE, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, RLE_DICTIONARY = 0, 3, 6, 7, 8
DATA_PAGE, DICTIONARY_PAGE = 0, 2


def varint(n):
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def number(kind, n):
    return kind, varint(n << 1 if n >= 0 else (-n << 1) - 1)


def i32(n):
    return number(I32, n)


def i64(n):
    return number(I64, n)


def binary(text):
    return BINARY, varint(len(text)) + text


def items(kind, values, length=None):
    length = len(values) if length is None else length
    return LIST, bytes([0xF0 | kind]) + varint(length) + b"".join(values)


def struct(fields):
    out, last = b"", 0
    for id, (kind, value) in sorted(fields.items()):
        out, last = out + bytes([id - last << 4 | kind]) + value, id
    return STRUCT, out + b"\0"


def flags_without_end():
    """Eight lists in each other, each of two thousand million, the innermost of flags: without a byte for any."""
    inner = items(TRUE, [], 2**31 - 1)[1]
    for _ in range(7):
        inner = items(LIST, [inner], 2**31 - 1)[1]
    return LIST, inner


def page(values, rows, encoding=PLAIN, claimed=None, more=None, optional=False, levels=None):
    """A page of values; where they may be missing, a run of levels says that none is."""
    if optional:
        levels = varint(rows << 1) + b"\1" if levels is None else levels
        values = len(levels).to_bytes(4, "little") + levels + values
    size = len(values)
    head = {1: i32(DATA_PAGE), 2: i32(size if claimed is None else claimed), 3: i32(size),
            5: struct({1: i32(rows), 2: i32(encoding), 3: i32(RLE), 4: i32(RLE)})} | (more or {})
    return struct(head)[1] + values


def dictionary(values, entries):
    head = {1: i32(DICTIONARY_PAGE), 2: i32(len(values)), 3: i32(len(values)),
            7: struct({1: i32(entries), 2: i32(PLAIN)})}
    return struct(head)[1] + values


def plain(texts):
    return b"".join(len(t).to_bytes(4, "little") + t for t in texts)


def deltas(lengths, claimed=None):
    """Lengths that all are the same, in one block of 128 in four miniblocks."""
    assert len(set(lengths)) == 1 and len(lengths) <= 129
    count = len(lengths) if claimed is None else claimed
    return varint(128) + varint(4) + varint(count) + varint(lengths[0] << 1) + b"\0" + bytes(4)


def file(text, label, rows, codec=0, optional=False, more=None, text_values=None):
    out = b"PAR1"
    columns = []
    for name, pages, codec in [(b"text", text, codec), (b"label", label, 0)]:
        start = len(out)
        out += b"".join(pages)
        first = len(pages[0]) if len(pages) > 1 else 0
        data = {1: i32(6), 2: items(I32, [i32(e)[1] for e in (PLAIN, RLE)]), 3: items(BINARY, [binary(name)[1]]),
                4: i32(codec), 5: i64(rows), 6: i64(len(out) - start), 7: i64(len(out) - start),
                9: i64(start + first)}
        if first:
            data[11] = i64(start)
        columns.append(struct({2: i64(start), 3: struct(data)})[1])
    schema = [struct({4: binary(b"schema"), 5: i32(2)})[1]]
    for name in [b"text", b"label"]:
        repetition = i32(1 if optional and name == b"text" else 0)
        schema.append(struct({1: i32(6), 3: repetition, 4: binary(name), 6: i32(0)})[1])
    group = struct({1: items(STRUCT, columns), 2: i64(len(out)), 3: i64(rows)})[1]
    footer = struct({1: i32(1), 2: items(STRUCT, schema), 3: i64(rows), 4: items(STRUCT, [group])} | (more or {}))[1]
    return out + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def main():
    OUT.mkdir(exist_ok=True)
    rows = 3
    texts = [b"a fugue", b"appeals", b"strings"]
    label = [page(plain([b"art", b"law", b"art"]), rows)]
    many = 2**31 - 1
    packed = deltas([7] * rows)
    joined = b"".join(texts)

    def write(name, *args, **kwargs):
        (OUT / f"{name}.parquet").write_bytes(file(*args, **kwargs))

    write("good", [page(plain(texts), rows)], label, rows)
    good = pq.read_table(OUT / "good.parquet").to_pydict()
    assert good == {"text": ["a fugue", "appeals", "strings"], "label": ["art", "law", "art"]}
    # A page that is to hold 2 GB (snappy).
    write("size", [page(plain(texts), rows, claimed=2_000_000_000)], label, rows, codec=1)
    # More definition levels than bytes for them.
    write("levels", [page(plain(texts), rows, optional=True, levels=b"\xb3\x05")], label, rows, optional=True)
    # Lists that take no bytes, in a page and in the description of the table.
    write("flags", [page(plain(texts), rows, more={9: flags_without_end()})], label, rows)
    write("lists", [page(plain(texts), rows)], label, rows, more={10: flags_without_end()})
    # A list where a number should be.
    write("kinds", [page(plain(texts), rows, more={4: items(I32, [i32(1)[1]])})], label, rows)
    # Two thousand million strings, in both encodings of lengths and in both lists of the second.
    write("strings", [page(deltas([7] * rows, many) + joined, rows, DELTA_LENGTH_BYTE_ARRAY)], label, rows)
    shared = deltas([0] * rows)
    write("shared", [page(deltas([0] * rows, many) + packed + joined, rows, DELTA_BYTE_ARRAY)], label, rows)
    write("rest", [page(shared + deltas([7] * rows, many) + joined, rows, DELTA_BYTE_ARRAY)], label, rows)
    # The same without the claim, so that the others are refused for nothing else.
    write("delta", [page(shared + packed + joined, rows, DELTA_BYTE_ARRAY)], label, rows)
    # A dictionary of two thousand million entries, and a page of as many values.
    one = b"\1" + varint(rows << 1) + b"\0"
    write("entries", [dictionary(plain(texts[:1]), many), page(one, rows, RLE_DICTIONARY)], label, rows)
    write("values", [page(plain(texts), many)], label, rows)
    # As many rows, of which all say the same.
    run = [dictionary(plain(texts[:1]), 1), page(b"\1" + varint(many << 1) + b"\0", many, RLE_DICTIONARY)]
    write("rows", run, run, many)
    # A long text, again and again in 100,000 rows.
    again = 100_000
    index = page(b"\1" + varint(again << 1) + b"\0", again, RLE_DICTIONARY)
    write("again", [dictionary(plain([b"do not " * 300]), 1), index], [dictionary(plain(texts[:1]), 1), index], again)


if __name__ == "__main__":
    main()
