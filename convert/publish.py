"""Put a converted model where the device finds it: whole files by rename, the manifest last."""

from __future__ import annotations

import contextlib
import filecmp
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from convert import card as cards
from convert.errors import ConversionError
from convert.pipeline import Result
from edge import manifest
from edge.files import alone_in, expect_apart, expect_writable, identity
from edge.manifest import ModelSpec

WEIGHTS = "weights.npz"  # of the float network, beside a model


def publish(result: Result, out: Path, folder: Path | None = None, card: Path | None = None) -> tuple[Path, ...]:
    """Write a model that passed, its card and its manifest entry, which replaces the task's and its compiled variant.

    Args:
        result: what passed.
        out: the .tflite.
        folder: of the manifest; None writes no entry.
        card: the card's .md; the .json stands beside it. None: card.md where there is a manifest, else `out` with .md.

    Returns:
        The files that were written.

    Raises:
        ConversionError: `out` is outside of the manifest's folder, the model has no task, or a file cannot be written.
        ModelError: the folder's manifest is broken.
    """
    card = card_of(out, folder, card)
    files = {
        out: result.converted.content,
        card: cards.render(result.card).encode(),
        card.with_suffix(".json"): cards.to_json(result.card).encode(),
    }
    if folder is None:
        write_all(files)
        return tuple(files)
    if result.spec is None:
        raise ConversionError("--manifest: a manifest entry needs a task; add --task")
    name = _name_in(folder, out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConversionError(f"{folder}: cannot be written ({error.strerror}); fix that, or the folder") from None
    # Of two conversions at once, each would enter its model into the manifest of before, and one entry would be lost.
    with alone_in(folder):
        specs = known(folder) | {result.spec.task: replace(result.spec, file=name)}
        files[folder / "manifest.json"] = manifest.text_of(specs).encode()
        write_all(files)
    return tuple(files)


def check_places(out: Path, task: str, folder: Path | None = None, card: Path | None = None) -> None:
    """Find out before the work what would keep `publish` from writing its files, or make it write over others.

    Args:
        out, folder, card: as `publish` will be given them.
        task: whose entry in the manifest is replaced; the models and cards of the others are not to be touched.

    Raises:
        ConversionError: `out` is outside of the manifest's folder, or the file of another task's model.
        ModelError: the folder's manifest is broken.
        OutputError: a file cannot be written, or two of them are the same.
    """
    card = card_of(out, folder, card)
    outputs = {"--out": out, "the card": card, "the card's .json": card.with_suffix(".json")}
    if folder is not None:
        outputs["the manifest"] = folder / "manifest.json"
        _name_in(folder, out)
        theirs: dict[object, str] = {}
        for other in known(folder).values():
            if other.task != task:
                model = folder / other.file
                beside = (model.with_name(name) for name in ("card.md", "card.json", WEIGHTS))
                files = (model, folder / other.edgetpu, *beside)
                theirs |= {identity(path): other.task for path in files if path.is_file()}
        for flag, path in zip(("--out", "--card", "--card"), outputs.values(), strict=False):
            if owner := theirs.get(identity(path)):
                raise ConversionError(f"{path}: belongs to the model of {owner} in {folder}; choose another {flag}")
        weights = out.with_name(WEIGHTS)  # would be set aside, as those of the model before
        if owner := theirs.get(identity(weights)):
            raise ConversionError(f"{out}: {weights} belongs to the model of {owner}; choose another folder for --out")
    expect_apart(outputs)
    expect_writable(*outputs.values())


def card_of(out: Path, folder: Path | None, card: Path | None) -> Path:
    """Where the card's .md goes: where it was asked for, else beside the model."""
    return card or (out.with_name("card.md") if folder else out.with_suffix(".md"))


def _name_in(folder: Path, out: Path) -> str:
    try:
        return out.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        raise ConversionError(f"{out}: expected a place in {folder}, beside the manifest; fix --out") from None


def set_aside_weights(out: Path, model: Path) -> Path | None:
    """Rename the weights.npz of the model that was there before: `evaluate` would take it for this one's float network.

    Args:
        out: the .tflite that was written.
        model: the file that it was converted from; its own weights, also those beside it, stay.

    Returns:
        The new name, if there was one to rename.
    """
    path = out.with_name(WEIGHTS)
    own = (file for file in (model, model.with_name(WEIGHTS)) if file.is_file())
    if not path.is_file() or any(filecmp.cmp(path, file, shallow=False) for file in own):
        return None
    return path.replace(path.with_name(f"{WEIGHTS}.before"))


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write every file, or none: first all beside their places, then renames in the order given, a manifest last.

    Raises:
        ConversionError: a file cannot be written.
    """
    if folders := [path for path in files if path.is_dir()]:
        raise ConversionError(f"{folders[0]}: cannot be written (there is a folder of this name); fix --out")
    scratch = {path: path.with_name(path.name + ".new") for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch[path].write_bytes(content)
        for path, new in scratch.items():
            new.replace(path)
    except OSError as error:
        where = error.filename or next(iter(files))
        raise ConversionError(f"{where}: cannot be written ({error.strerror}); fix that, or the folder") from None
    finally:
        for new in scratch.values():
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)


def known(folder: Path) -> dict[str, ModelSpec]:
    """The specs of a models folder; none where it has no manifest yet.

    Raises:
        ModelError: there is a manifest, and it is broken.
    """
    if not (folder / "manifest.json").exists():
        return {}
    return dict(manifest.load(folder).specs)
