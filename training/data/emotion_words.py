"""The names that folders have in data sets of emotions, in any case: FER2013's, CK+'s and those of others."""

from __future__ import annotations

from edge.labels import EMOTIONS, Emotion

WORDS = {
    "anger": "angry", "angry": "angry", "disgust": "disgust", "disgusted": "disgust", "fear": "fear",
    "fearful": "fear", "afraid": "fear", "scared": "fear", "happy": "happy", "happiness": "happy", "joy": "happy",
    "sad": "sad", "sadness": "sad", "surprise": "surprise", "surprised": "surprise", "neutral": "neutral",
    "neutrality": "neutral",
}  # fmt: skip


def emotion_of(folder: str) -> Emotion | None:
    """The emotion that a folder is named after; None for another name.

    >>> emotion_of("Happiness"), emotion_of("contempt")
    (<Emotion.HAPPY: 3>, None)
    """
    label = WORDS.get(folder.strip().lower())
    return None if label is None else Emotion(EMOTIONS.index(label))
