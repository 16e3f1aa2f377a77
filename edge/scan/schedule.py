"""Which job is next, and what follows from its outcome; who does the jobs is not known here."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from edge.errors import ScanError
from edge.scan.folder import Folder
from edge.scan.inputs import CLIP, Source
from edge.scan.look import Outcome, Seen, failed, perform
from edge.scan.plan import WHOLE, Job, first_jobs
from edge.scan.request import Request

DIED = "every worker process that read it died; it may need more memory than there is"


class Workers(Protocol):
    """Whoever does jobs: this process, this machine's cores, a cluster."""

    @property
    def capacity(self) -> int:
        """How many jobs to have under way."""
        ...

    def submit(self, job: Job) -> None:
        """Have a job done."""
        ...

    def next(self) -> tuple[Job, Outcome | None]:
        """Wait for one of the jobs under way; None in place of an outcome: every worker that tried it died.

        Raises:
            EdgeError: a worker cannot do any job, or there are no workers left.
        """
        ...

    def close(self) -> None:
        """Let the workers go."""
        ...


class InProcess:
    """Does the jobs itself, one after the other."""

    capacity = 1

    def __init__(self, request: Request) -> None:
        self._request, self._jobs = request, deque[Job]()

    def submit(self, job: Job) -> None:
        """Keep a job for later."""
        self._jobs.append(job)

    def next(self) -> tuple[Job, Outcome | None]:
        """Do the first job that is waiting."""
        job = self._jobs.popleft()
        return job, perform(job, self._request)

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Count:
    """How much is done, in pictures and sampled frames; `total` grows as the lengths of clips become known."""

    done: int = 0
    total: int = 0
    before: int = 0


@dataclass
class _Split:
    """A batch whose pictures are looked at one by one, because its workers died."""

    job: Job
    outcomes: dict[Source, Outcome] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.outcomes) == len(self.job.sources)

    def outcome(self) -> Outcome:
        ordered = [self.outcomes[source] for source in self.job.sources]
        rows = [(number, *row[1:]) for number, outcome in enumerate(ordered) for row in outcome.rows]
        return Outcome(rows, [seen for outcome in ordered for seen in outcome.seen])


class Schedule:
    """Has every job done that is not finished yet, and keeps what it gives.

    Args:
        sources: the files, sorted by name.
        request: what every file is asked.
        folder: keeps the finished parts.
        tick: called with the progress after each job.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        request: Request,
        folder: Folder,
        tick: Callable[[Count], None] = lambda count: None,
    ) -> None:
        self._sampling, self._folder, self._tick = request.sampling, folder, tick
        self._todo = deque(first_jobs(tuple(sources)))
        self.count = Count(total=sum(job.frames(self._sampling) for job in self._todo))
        self._last: dict[str, int] = {}  # of a clip: the range after which no other counts
        self._splits: dict[Source, _Split] = {}
        self._running = 0

    def pending(self) -> bool:
        """Whether there is anything to do."""
        if (job := self._next()) is None:
            return False
        self._todo.appendleft(job)
        return True

    def run(self, workers: Workers) -> None:
        """Have it all done by these workers.

        Raises:
            EdgeError: a part cannot be written, or the workers cannot continue.
        """
        while True:
            while self._running < workers.capacity and (job := self._next()) is not None:
                workers.submit(job)
                self._running += 1
            if not self._running:
                return
            job, outcome = workers.next()
            self._running -= 1
            self._finished(job, outcome)
            self._tick(self.count)

    def _next(self) -> Job | None:
        """The next job that is not finished and is still wanted."""
        while self._todo:
            job = self._todo.popleft()
            if job.sources[0] in self._splits:
                return job
            frames = job.frames(self._sampling)
            if job.span > self._last.get(job.sources[0].path, job.span):
                self.count.total -= frames
                continue
            seen = self._folder.seen(job)
            if seen is None:
                return job
            self.count.total -= frames
            self.count.before += sum(entry.frames for entry in seen)
            self._follow(job, seen)
        return None

    def _finished(self, job: Job, outcome: Outcome | None) -> None:
        if outcome is None and len(job.sources) > 1:
            split = _Split(job)
            self._splits |= dict.fromkeys(job.sources, split)
            self._todo.extendleft(Job((source,)) for source in reversed(job.sources))
            return
        outcome = outcome or failed(job, DIED)
        self._check(job, outcome.seen)
        part = self._splits.get(job.sources[0])
        if part and len(job.sources) == 1:
            part.outcomes[job.source] = outcome
            if not part.complete:
                return
            for source in part.job.sources:
                del self._splits[source]
            job, outcome = part.job, part.outcome()
        self._folder.write(job, outcome)
        self.count.done += self._counted(job, outcome.seen)
        self._follow(job, outcome.seen)

    def _counted(self, job: Job, seen: Sequence[Seen]) -> int:
        """How many pictures and frames the job had; its estimate in the total is corrected."""
        frames = sum(entry.frames for entry in seen) if job.is_clip else len(job.sources)
        self.count.total += frames - job.frames(self._sampling)
        return frames

    def _follow(self, job: Job, seen: Sequence[Seen]) -> None:
        """Queue what an outcome shows to be necessary: a clip's other ranges, or the clip as a whole."""
        if job.sources[0].kind != CLIP or job.span == WHOLE or (span := seen[0].span) is None:
            return
        path = job.source.path
        if not span.regular:
            if path not in self._last or self._last[path] != WHOLE:
                self._last[path] = WHOLE
                self._queue([replace(job, span=WHOLE, spans=0, start=0.0)])
        elif span.ended:
            self._last[path] = min(job.span, self._last.get(path, job.span))
        elif job.span == 0:
            self._queue([Job(job.sources, number, span.spans, span.start) for number in range(1, span.spans)])

    def _queue(self, jobs: Sequence[Job]) -> None:
        self._todo.extendleft(reversed(jobs))
        self.count.total += sum(job.frames(self._sampling) for job in jobs)

    @staticmethod
    def _check(job: Job, seen: Sequence[Seen]) -> None:
        for source, entry in zip(job.sources, seen, strict=True):
            if entry.missing and os.path.exists(source.path):
                raise ScanError(
                    f"{source.name}: a worker does not see this file; share the folder with all workers, under the "
                    f"same path"
                )
