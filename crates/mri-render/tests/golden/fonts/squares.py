"""Makes squares.ttf, a font of two letters and a space for the tests of letters that figures lack.

    python squares.py                     (needs fonttools)

U+65E5 is a full square of one em, U+672C its lower half, both from the baseline to 0.8 em above.
"""

import pathlib

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1000


def box(height):
    pen = TTGlyphPen(None)
    if height:
        pen.moveTo((0, 0))
        for point in ((0, height), (EM, height), (EM, 0)):
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def main():
    font = FontBuilder(EM, isTTF=True)
    heights = {".notdef": 0, "space": 0, "full": 800, "half": 400}
    font.setupGlyphOrder(list(heights))
    font.setupCharacterMap({0x20: "space", 0x65E5: "full", 0x672C: "half"})
    font.setupGlyf({name: box(height) for name, height in heights.items()})
    font.setupHorizontalMetrics({name: (EM, 0) for name in heights})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    names = {"familyName": "Squares & Co", "styleName": "Regular", "psName": "Squares-Regular"}
    font.setupNameTable(names)
    font.setupOS2(sTypoAscender=800, sTypoDescender=-200, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    # The same bytes whenever it is made.
    font.font["head"].created = font.font["head"].modified = 0
    font.font.recalcTimestamp = False
    font.save(pathlib.Path(__file__).with_suffix(".ttf"))


if __name__ == "__main__":
    main()
