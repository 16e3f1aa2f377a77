#!/bin/sh
# Makes Inter-SemiBold.otf: Inter Semi Bold of Debian's package fonts-inter, cut down to the characters of European
# languages in Latin, Greek and Cyrillic letters, punctuation, currency and arrows.
# Needs apt-get, dpkg-deb and fontTools (pip install fonttools). Usage: sh edge/fonts/subset.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download fonts-inter
dpkg-deb -x fonts-inter_*.deb .
# Latin with Latin Extended-A, Romanian, Vietnamese, Welsh; Greek; Cyrillic with Ukrainian, Kazakh and Tatar letters.
letters=U+0020-007E,U+00A0-017F,U+018F,U+0192,U+0218-021B,U+0259,U+02C6-02DD,U+1E80-1E85,U+1E9E,U+1EA0-1EF9
letters=$letters,U+0370-03FF,U+0400-045F,U+0462-0463,U+0472-0475,U+0490-0493,U+049A-049B,U+04A2-04A3,U+04AE-04B1
letters=$letters,U+04BA-04BB,U+04D8-04D9,U+04E8-04E9
signs=U+2010-2027,U+2030,U+2032-2033,U+2039-203A,U+20AC,U+2116,U+2122,U+2190-2199,U+2212,U+2260,U+2264-2265,U+25A1
python3 -m fontTools.subset usr/share/fonts/opentype/inter/Inter-SemiBold.otf --unicodes="$letters,$signs" \
    --layout-features='' --drop-tables+=GDEF,GPOS,GSUB --notdef-outline --name-IDs='0,1,2,3,4,5,6,13,14' \
    --output-file="$here/Inter-SemiBold.otf"
# A character that the font lacks is shown as a plain box (U+25A1).
python3 - "$here/Inter-SemiBold.otf" <<'END'
import sys
from fontTools.ttLib import TTFont
font = TTFont(sys.argv[1], recalcTimestamp=False)
box, glyphs = font.getBestCmap()[0x25A1], font["CFF "].cff.topDictIndex[0].CharStrings
glyphs[".notdef"].decompile()
glyphs[box].decompile()
glyphs[".notdef"].program = list(glyphs[box].program)
font["hmtx"][".notdef"] = font["hmtx"][box]
font.save(sys.argv[1])
END
