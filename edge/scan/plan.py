"""The jobs that an archive is cut into. The cut depends on the files alone, so it is the same for any workers.

Pictures go in batches. A batch ends after a picture whose name says so, not after so many: a new picture changes one
batch, and all the others are still finished. Clips are cut into ranges of equal length (edge.scan.sampling).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.scan.inputs import CLIP, PICTURE, Source
from edge.scan.sampling import Sampling

MEAN, MOST = 32, 128  # pictures in a batch: on average, and at most
WHOLE = -1  # in the place of a range's number: the clip is read from beginning to end


@dataclass(frozen=True)
class Job:
    """What one worker does at a time, and what one finished part holds.

    Attributes:
        sources: pictures, or one clip.
        span: of a clip: the number of its range, or WHOLE.
        spans: of a clip: how many ranges it has; 0: not known yet, the job that looks at the first one finds out.
        start: of a clip's later ranges: the time stamp of its first frame, seconds.
    """

    sources: tuple[Source, ...]
    span: int = WHOLE
    spans: int = 0
    start: float = 0.0

    @property
    def source(self) -> Source:
        """The clip."""
        (source,) = self.sources
        return source

    @property
    def is_clip(self) -> bool:
        """Whether it is a range of a clip, a whole clip or an animation."""
        return self.sources[0].kind != PICTURE

    @property
    def key(self) -> str:
        """24 hex digits: the same for the same work on files that have not changed."""
        files = [(source.name, source.kind, source.size, source.modified_ns) for source in self.sources]
        return hashlib.sha256(json.dumps([files, self.span]).encode()).hexdigest()[:24]

    def frames(self, sampling: Sampling) -> int:
        """About how many pictures it has to look at, for the progress bar."""
        return sampling.frames if self.is_clip else len(self.sources)


def first_jobs(sources: Sequence[Source]) -> Iterator[Job]:
    """The jobs in the order of the sources: batches of pictures, whole animations, and the first range of each clip."""
    batch: list[Source] = []
    for source in sources:
        if source.kind != PICTURE:
            if batch:
                yield Job(tuple(batch))
                batch = []
            yield Job((source,), span=0 if source.kind == CLIP else WHOLE)
            continue
        batch.append(source)
        if len(batch) == MOST or zlib.crc32(source.name.encode()) % MEAN == 0:
            yield Job(tuple(batch))
            batch = []
    if batch:
        yield Job(tuple(batch))
