#!/usr/bin/env python3
"""The faces in a folder of pictures as a table, a row per face.

python folder_to_csv.py holiday > faces.csv
"""

import csv
import sys
from pathlib import Path

import edge


def main(folder: str) -> None:
    """Write the table to standard output; a file that is no picture is named on standard error."""
    sys.stdout.reconfigure(errors="surrogateescape")  # names that are not UTF-8 stay as they are
    table = csv.writer(sys.stdout)
    table.writerow(["file", "emotion", "probability", "mask", "left", "top", "right", "bottom"])
    with edge.Recognizer() as recognizer:
        for path in sorted(Path(folder).iterdir()):
            try:
                faces = recognizer.detect(path)
            except edge.errors.PictureError as error:
                print(error, file=sys.stderr)
                continue
            for face in faces:
                probability = "" if face.emotion is None else f"{face.probabilities[face.emotion]:.2f}"
                box = [round(side) for side in face.box]
                table.writerow([path.name, face.emotion or face.reason, probability, face.masked, *box])


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python folder_to_csv.py FOLDER")
    main(sys.argv[1])
