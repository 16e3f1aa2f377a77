"""What is asked of every file. The rows depend on this, on the models and on the files, and on nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge import __version__, manifest
from edge.errors import InvalidValue
from edge.labels import EMOTIONS, extra_labels
from edge.pipeline import detail
from edge.scan.sampling import Sampling
from edge.settings import EngineSettings, ModelsSettings, Settings, SourceSettings, TrackSettings
from edge.tasks import DAEMON

RANGE_S = 60.0
MAX_EVERY_S = 3600.0
EMOTION_TASKS = ("emotion-bare", "emotion-masked")


@dataclass(frozen=True)
class Request:
    """What is asked of every file.

    Attributes:
        every_s: seconds from one sampled frame of a clip to the next; 0: every frame.
        detail: how closely large pictures are searched, one of edge.pipeline.detail.DETAILS.
        models: folder and thresholds; the folder is an absolute path, or empty for the bundled models.
        max_megapixels: larger picture files are refused before they are decoded.
        match_iou: overlap from which a face in the next sampled frame has the same track.
        expire_s: seconds unseen after which a track ends.
        hashes: SHA-256 of each model by task, as (task, 64 hex digits).
        version: of edge-emotion.
        range_s: seconds of a clip that one job looks at.
        labels: the emotions that the models know, each of which has a column: the seven first.

    Raises:
        InvalidValue: `every_s` or `detail` is out of range.
    """

    every_s: float = 0.5
    detail: str = detail.DETAILS[0]
    models: ModelsSettings = field(default_factory=ModelsSettings)
    max_megapixels: float = SourceSettings.max_megapixels
    match_iou: float = TrackSettings.match_iou
    expire_s: float = TrackSettings.expire_s
    hashes: tuple[tuple[str, str], ...] = ()
    version: str = __version__
    range_s: float = RANGE_S
    labels: tuple[str, ...] = EMOTIONS

    def __post_init__(self) -> None:
        if not 0 <= self.every_s <= MAX_EVERY_S:
            raise InvalidValue(f"every: expected 0 to {MAX_EVERY_S:g} s, got {self.every_s}")
        detail.check(self.detail)

    @classmethod
    def of(cls, settings: Settings, every_s: float, detail: str) -> Request:
        """The request that the settings and flags of the command make.

        Raises:
            ModelError: a model is missing, or is not the one that the manifest lists.
        """
        models = settings.models
        if models.dir:
            models = dataclasses.replace(models, dir=str(Path(models.dir).resolve()))
        listed = manifest.load(Path(models.dir) if models.dir else None)
        labels = (*EMOTIONS, *extra_labels(label for task in EMOTION_TASKS for label in listed[task].labels))
        return cls(
            every_s, detail, models, settings.source.max_megapixels, settings.track.match_iou,
            settings.track.expire_s, hashes(models), labels=labels,
        )  # fmt: skip

    @property
    def sampling(self) -> Sampling:
        """Which frames of a clip are looked at, and how it is cut."""
        return Sampling(self.every_s, self.range_s)

    @property
    def hold_s(self) -> float:
        """Seconds unseen after which a track ends; it always lives until the next sampled frame."""
        return max(self.expire_s, 1.5 * self.every_s)

    def settings(self) -> Settings:
        """What a worker opens its models with: one thread, no accelerator, so that all workers give the same rows."""
        return Settings(models=self.models, engine=EngineSettings(threads=1, accelerator="cpu"))

    def identity(self) -> Mapping[str, Any]:
        """All that the rows depend on but the files, as JSON can hold it; one key for each thing that may differ."""
        record = dataclasses.asdict(self)
        thresholds = {key: value for key, value in record.pop("models").items() if key != "dir"}
        models = {f"{task} model": sha256 for task, sha256 in record.pop("hashes")}
        del record["labels"]  # the models say them
        return {"edge-emotion": record.pop("version")} | record | thresholds | models


def hashes(models: ModelsSettings) -> tuple[tuple[str, str], ...]:
    """The models' SHA-256 by task, each compared with its file.

    Raises:
        ModelError: a model is missing, or is not the one that the manifest lists.
    """
    listed = manifest.load(Path(models.dir) if models.dir else None)
    for task in DAEMON:
        listed.path(task)
    return tuple((task, listed[task].sha256) for task in DAEMON)
