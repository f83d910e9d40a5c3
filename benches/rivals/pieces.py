"""Cuts the texts of a table into pieces, for many short texts that belong together.

    python pieces.py TABLE.csv WORDS STEP > PIECES.csv

TABLE has the columns text and label. A piece is WORDS words long, the next begins STEP words later, and
has the label of its text; what is left at the end of a text is no piece. Needs nothing but Python.
"""

import csv
import sys


def main():
    table, words, step = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    csv.field_size_limit(2**30)
    out = csv.writer(sys.stdout)
    out.writerow(["text", "label"])
    with open(table, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            text = row["text"].split()
            for start in range(0, len(text) - words + 1, step):
                out.writerow([" ".join(text[start : start + words]), row["label"]])


if __name__ == "__main__":
    main()
