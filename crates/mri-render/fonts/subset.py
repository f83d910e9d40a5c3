"""Makes the embedded fonts from the full Inter family (SIL Open Font License 1.1).

    python subset.py FOLDER_WITH_INTER_OTF_FILES          (needs fonttools)

Debian's package fonts-inter installs such a folder. Kept are the scripts that labels of European
languages need and the symbols of the figures; other characters are drawn as the font's empty box.
"""

import pathlib
import sys

from fontTools import subset

# Basic Latin to Latin Extended-B, Greek, Cyrillic, Vietnamese and other Latin additions,
# punctuation, currency, arrows, mathematical signs and a few shapes.
RANGES = [
    (0x20, 0x24F), (0x370, 0x3FF), (0x400, 0x45F), (0x490, 0x491), (0x1E00, 0x1EFF),
    (0x2010, 0x2027), (0x2030, 0x203A), (0x2070, 0x208E), (0x20A0, 0x20BF), (0x2190, 0x2199),
    (0x2200, 0x2265), (0x25A0, 0x25CF), (0xFFFD, 0xFFFD),
]


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
    for style in ("Regular", "Bold"):
        options = subset.Options(layout_features=["kern", "mark", "mkmk"], hinting=False)
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
        options.notdef_outline = True
        font = subset.load_font(str(source / f"Inter-{style}.otf"), options)
        maker = subset.Subsetter(options)
        maker.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
        maker.subset(font)
        subset.save_font(font, str(target / f"Inter-{style}.subset.otf"), options)


if __name__ == "__main__":
    main()
