"""An archive of painted pictures and clips, which the tests' tiny models understand, and a scan of it."""

from __future__ import annotations

import os
import random
from collections import deque

import cv2
import numpy as np
import pyarrow.parquet
import pytest

from edge import picture
from edge.scan.finish import finish
from edge.scan.folder import Folder
from edge.scan.inputs import find
from edge.scan.look import perform
from edge.scan.request import Request
from edge.scan.schedule import Count, InProcess, Schedule
from edge.settings import ModelsSettings, Settings

FPS = 8.0


class Shuffled:
    """Does five jobs at a time in any order, but the same order for the same seed."""

    capacity = 5

    def __init__(self, request, seed=0):
        self._request, self._random = request, random.Random(seed)
        self._jobs = []
        self.done = []

    def submit(self, job):
        self._jobs.append(job)

    def next(self):
        job = self._jobs.pop(self._random.randrange(len(self._jobs)))
        self.done.append(job)
        return job, perform(job, self._request)

    def close(self):
        pass


class Deadly(InProcess):
    """Dies with every job that holds a file of one of these names."""

    def __init__(self, request, *names):
        super().__init__(request)
        self._request, self._names, self._waiting = request, names, deque()

    def submit(self, job):
        self._waiting.append(job)

    def next(self):
        job = self._waiting.popleft()
        if any(os.path.basename(source.path) in self._names for source in job.sources):
            return job, None
        return job, perform(job, self._request)


def write_clip(path, images, fps=FPS):
    """An MJPEG clip, uint8 (H, W, 3) RGB pictures of one size."""
    height, width = images[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height))
    assert writer.isOpened()
    for image in images:
        writer.write(image[:, :, ::-1])
    writer.release()


def walk(paint, count):
    """A face that goes 16 pixels to the right every eighth picture, then back; another that stays."""
    places = (0, 1, 2, 3, 4, 3, 2, 1)
    return [paint((16 * places[n // 8 % 8], 0, False, True), (96, 64, True, False)) for n in range(count)]


@pytest.fixture
def request_of(tiny):
    """request_of(every_s=...): a request for the tiny models; ranges of a clip are two seconds long."""

    def make(every_s=0.5, **more):
        settings = Settings(models=ModelsSettings(dir=str(tiny)))
        made = Request.of(settings, every_s, "auto")
        return type(made)(**(vars(made) | {"range_s": 2.0} | more))

    return make


@pytest.fixture
def archive(tmp_path, paint):
    """Twelve pictures in two folders, a clip of nine seconds, a short one, and a broken file of each kind."""
    folder = tmp_path / "archive"
    (folder / "deep" / "er").mkdir(parents=True)
    for n in range(12):
        faces = [] if n % 3 == 0 else [(16 * n % 112, 32, n % 2 == 0, n % 4 == 1)]
        picture.write(folder / ("deep/er" if n % 2 else ".") / f"p{n:02}.png", paint(*faces))
    write_clip(folder / "deep" / "film.avi", walk(paint, 72))
    write_clip(folder / "short.avi", walk(paint, 6))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 this is no picture")
    (folder / "broken.mp4").write_bytes(b"\0\0\0\x14ftypisom\0\0\0\0isom nor is this a clip")
    (folder / "notes.txt").write_text("words")
    return folder


@pytest.fixture
def scan(request_of, tmp_path, monkeypatch):
    """scan(*paths, out=..., workers=..., **request): the report; files are named from the temporary folder on."""
    monkeypatch.chdir(tmp_path)

    def run(*paths, out="results", workers=None, force=False, request=None, ticks=None, **more):
        request = request or request_of(**more)
        out = tmp_path / out
        paths = [path.relative_to(tmp_path) for path in paths]
        found = find(paths, out)
        folder = Folder(out, request, [str(path) for path in paths], force)
        try:
            told = ticks if ticks is not None else []
            schedule = Schedule(found.sources, request, folder, lambda count: told.append(vars(Count(**vars(count)))))
            schedule.run(workers or InProcess(request))
            return finish(found, request, folder)
        finally:
            folder.close()

    return run


@pytest.fixture
def rows(tmp_path):
    """rows("faces", out=...): the rows of a table, a dictionary each."""

    def read(name, out="results"):
        return pyarrow.parquet.read_table(tmp_path / out / f"{name}.parquet", partitioning=None).to_pylist()

    return read


@pytest.fixture
def files(tmp_path):
    """files(out): the bytes of the four files that a scan leaves."""

    def read(out="results"):
        names = ("faces.parquet", "files.parquet", "failures.parquet", "summary.txt")
        return {name: (tmp_path / out / name).read_bytes() for name in names}

    return read


@pytest.fixture
def plain():
    """plain(value, ...): small grey pictures, one a value."""

    def make(*values):
        return [np.full((48, 64, 3), value, np.uint8) for value in values]

    return make
