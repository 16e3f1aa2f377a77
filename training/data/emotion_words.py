"""The names that people give to the seven emotions, as folders and as labels: those of FER2013, CK+ and others."""

from __future__ import annotations

import re

from edge.labels import EMOTIONS, Emotion

WORDS = {
    word: emotion.label
    for emotion, words in {
        Emotion.ANGRY: "anger angry_face mad",
        Emotion.DISGUST: "disgusted disgusting",
        Emotion.FEAR: "fearful afraid scared",
        Emotion.HAPPY: "happiness joy joyful smile",
        Emotion.SAD: "sadness unhappy",
        Emotion.SURPRISE: "surprised suprise",
        Emotion.NEUTRAL: "neutrality normal",
    }.items()
    for word in (emotion.label, *words.split())
}
_NUMBER = re.compile(r"\d+[_.]+(?=\D)")  # "0_angry", "3. Happy": folders that should stay in their order


def plain(name: str) -> str:
    """A name in small letters, with an underscore where it has spaces or hyphens.

    >>> plain(" No-Mask ")
    'no_mask'
    """
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


def unnumbered(name: str) -> str:
    """A plain name without a number in front.

    >>> unnumbered(plain("3. Happy")), unnumbered("7")
    ('happy', '7')
    """
    return _NUMBER.sub("", name, count=1).lstrip("_") if _NUMBER.match(name) else name


def emotion_of(folder: str) -> Emotion | None:
    """The emotion that a folder is named after; None for another name.

    >>> emotion_of("Happiness"), emotion_of("0_angry"), emotion_of("contempt")
    (<Emotion.HAPPY: 3>, <Emotion.ANGRY: 0>, None)
    """
    label = WORDS.get(unnumbered(plain(folder)))
    return None if label is None else Emotion(EMOTIONS.index(label))
