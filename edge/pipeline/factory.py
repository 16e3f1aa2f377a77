"""Makes an EmotionPipeline from settings or a models folder: the one place that knows which models it needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge import manifest
from edge.cameras import is_live
from edge.engines import FIRST_S, open_engine, open_engines
from edge.errors import ModelError
from edge.pipeline.optional import OptionalModels
from edge.pipeline.pipeline import EmotionPipeline
from edge.ports import Engine
from edge.settings import EngineSettings, FacesSettings, ModelsSettings, Settings
from edge.tasks import DAEMON


def open_pipeline(settings: Settings, live: bool | None = None, trial_s: float = FIRST_S) -> EmotionPipeline:
    """A pipeline with the models that the settings name.

    Args:
        settings: sections models, engine and track, and the source.
        live: False for a source that waits (files, folders, `demo`): each frame is then processed whole, as nothing is
            gained by skipping. Default: what the settings' source is.
        trial_s: seconds that trying out an accelerator may take.

    Raises:
        ModelError: a model is missing, broken, or not what the manifest says.
    """
    listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
    threads, accelerator = settings.engine.threads, settings.engine.accelerator
    fallbacks: list[str] = []
    haar, tasks = settings.models.detector == "haar", daemon_tasks(settings.models)
    engines = open_engines(listed, tasks, threads, accelerator, trial_s, fallbacks.append)
    face, mask, bare, masked = (open_detector(settings, "haar"), *engines) if haar else engines
    live = is_live(settings.source.source) if live is None else live
    track = settings.track if live else replace(settings.track, detect_every=1, refresh_hz=0.0)
    optional = open_optional(listed, settings.faces, threads)
    return EmotionPipeline(face, mask, bare, masked, settings.models, track, fallbacks, optional)


def daemon_tasks(models: ModelsSettings) -> tuple[str, ...]:
    """The tasks whose models a pipeline always has: the daemon's, without the detector where that is no model."""
    return tuple(task for task in DAEMON if not (models.detector == "haar" and task == "face"))


def optional_tasks(listed: manifest.Manifest, faces: FacesSettings) -> tuple[str, ...]:
    """The tasks whose models the settings switch on.

    Raises:
        ModelError: there is no gender model.
    """
    if faces.gender and "gender" not in listed.specs:
        raise ModelError(
            f"[faces] gender: {listed.folder / 'manifest.json'} has no gender model, because its data's terms bar "
            "shipping one; switch it off, or train one (docs/training.md)"
        )
    return tuple(task for task, on in (("landmarks", faces.landmarks), ("gender", faces.gender)) if on)


def open_optional(listed: manifest.Manifest, faces: FacesSettings, threads: int) -> OptionalModels | None:
    """The optional models that the settings switch on, on the CPU; None where none is.

    Raises:
        ModelError: one that is on is missing, broken, or not what the manifest says.
    """
    on = optional_tasks(listed, faces)
    return OptionalModels(**dict(zip(on, open_engines(listed, on, threads), strict=True))) if on else None


def open_detector(settings: Settings, name: str) -> Engine:
    """What finds faces alone, on the CPU: "model", the one of the models folder, or "haar", OpenCV's cascade.

    Raises:
        ModelError: it is missing or broken.
    """
    if name == "haar":
        from edge.engines.haar import HaarEngine  # only where it is asked for

        return HaarEngine()
    listed = manifest.load(Path(settings.models.dir) if settings.models.dir else None)
    return open_engine(listed, "face", settings.engine.threads)


def open_models(models: str | Path = "", threads: int = 1) -> EmotionPipeline:
    """A pipeline that processes each frame whole, on the models of a folder (default: the bundled ones).

    Raises:
        ModelError: a model is missing, broken, or not what the manifest says.
    """
    engine = EngineSettings(threads=threads)
    return open_pipeline(Settings(models=ModelsSettings(dir=str(models)), engine=engine), live=False)
