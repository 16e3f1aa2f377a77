"""The tables of a scan, made from its finished parts in the order of the files' names. Memory stays flat."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge.cameras.clip import broke_off
from edge.errors import ScanError
from edge.frame import Box
from edge.scan import tables
from edge.scan.folder import FACES, FAILURES, FILES, SUMMARY, Folder
from edge.scan.inputs import ANIMATION, Found, Problem, Source
from edge.scan.linking import Linker
from edge.scan.look import Seen
from edge.scan.plan import WHOLE, Job, first_jobs
from edge.scan.request import Request
from edge.scan.rows import FAILURES as FAILURE_COLUMNS
from edge.scan.rows import Row, face_columns, file_columns
from edge.scan.summary import FileSummary, Totals, line, problems_text, table

SIDES = ("box_left", "box_top", "box_right", "box_bottom")
COUNTED = ("worn", "emotion", "reason", "intensity")
AT_A_TIME = 1000  # files whose rows are written together
MOST = 20  # files with the most faces, which are printed


@dataclass
class Report:
    """What came out.

    Attributes:
        totals: of all files.
        top: the lines of the files with the most faces, in the order of their names.
        problems: files that failed, are incomplete or were skipped, by name.
    """

    totals: Totals = field(default_factory=Totals)
    top: list[tuple[str, ...]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def finish(found: Found, request: Request, folder: Folder) -> Report:
    """Write faces, files and failures as Parquet, and the readable summary; each replaces the one of the last time.

    Raises:
        ScanError: a part is missing or damaged, or a table cannot be written.
    """
    report = Report(problems=list(found.problems))
    about = {"settings": request.identity()}
    columns = file_columns(request.labels)
    best: list[tuple[int, FileSummary]] = []
    with contextlib.ExitStack() as stack:
        summary_file = stack.enter_context(folder.replacing(SUMMARY))
        paths = {name: stack.enter_context(folder.replacing(name)) for name in (FACES, FILES, FAILURES)}
        text = stack.enter_context(open(summary_file, "w", encoding="utf-8"))
        faces = stack.enter_context(tables.Writer(paths[FACES], face_columns(request.labels), about))
        files = stack.enter_context(tables.Writer(paths[FILES], columns, about))

        rows: list[Row] = []

        def lines() -> Iterator[tuple[str, ...]]:
            for number, summary in enumerate(_summaries(found.sources, request, folder, faces, report.problems)):
                rows.append(summary.row())
                if len(rows) == AT_A_TIME:
                    files.add(tables.table_of(columns, rows))
                    rows.clear()
                report.totals.add(summary)
                best.append((number, summary))
                if len(best) > 4 * MOST:
                    best[:] = _most_faces(best)
                yield line(summary)

        text.writelines(f"{one}\n" for one in table(lines()))
        files.add(tables.table_of(columns, rows))
        report.problems.sort(key=lambda problem: problem.name)
        for kind in ("failed", "incomplete", "skipped"):
            setattr(report.totals, kind, sum(problem.kind == kind for problem in report.problems))
        failures = [(problem.name, problem.kind, problem.message) for problem in report.problems]
        tables.write(paths[FAILURES], tables.table_of(FAILURE_COLUMNS, failures), about)
        text.writelines(f"{one}\n" for one in ("", str(report.totals), *problems_text(report.problems)))
    report.top = [line(summary) for _, summary in sorted(_most_faces(best), key=lambda entry: entry[0])]
    return report


def _most_faces(best: Sequence[tuple[int, FileSummary]]) -> list[tuple[int, FileSummary]]:
    return sorted(best, key=lambda entry: (-entry[1].faces, entry[0]))[:MOST]


def _summaries(
    sources: Sequence[Source], request: Request, folder: Folder, faces: tables.Writer, problems: list[Problem]
) -> Iterator[FileSummary]:
    """Pass on the rows of each file in turn, and yield what they amount to."""
    for job in first_jobs(sources):
        if job.is_clip:
            yield _clip(job, request, folder, faces, problems)
        else:
            yield from _pictures(job, request, folder, faces, problems)


def _pictures(
    job: Job, request: Request, folder: Folder, faces: tables.Writer, problems: list[Problem]
) -> list[FileSummary]:
    part = tables.read(folder.part(job))
    summaries = []
    for source, seen in zip(job.sources, _seen(folder, job), strict=True):
        summaries.append(
            FileSummary(source.name, "picture", request.labels, seen.width, seen.height, frames=seen.frames)
        )
        if seen.error:
            summaries[-1].status = "incomplete" if seen.frames else "failed"
            problems.append(Problem(source.name, summaries[-1].status, seen.error))
    names = []
    for number, *counted in tables.rows_of(part, ("file", *COUNTED)):
        summaries[number].add(*counted)
        summaries[number].frames_with_faces = 1
        names.append(job.sources[number].name)
    faces.add(tables.relabelled(part, faces.columns, source=names, track=None))
    return summaries


def _clip(job: Job, request: Request, folder: Folder, faces: tables.Writer, problems: list[Problem]) -> FileSummary:
    source, jobs = job.source, _parts(job, folder)
    entries = [_seen(folder, each)[0] for each in jobs]
    spans = [entry.span for entry in entries if entry.span]
    cuts = sorted(time for span in spans for time in span.cuts)
    linker = Linker(request.match_iou, request.hold_s)
    sizes = [entry for entry in entries if entry.width]
    summary = FileSummary(
        source.name, "clip", request.labels, *((sizes[0].width, sizes[0].height) if sizes else (0, 0))
    )
    summary.frames = sum(entry.frames for entry in entries)
    summary.seconds = max((span.last for span in spans), default=0.0)
    for each in jobs:
        part = tables.read(folder.part(each))
        frames = list(_frames(part))
        tracks = [number for time, boxes in frames for number in linker.link(time, boxes, cuts)]
        for counted in tables.rows_of(part, COUNTED):
            summary.add(*counted)
        summary.frames_with_faces += len(frames)
        faces.add(tables.relabelled(part, faces.columns, source=source.name, track=tracks))
    summary.tracks = linker.count
    decoded, declared = sum(span.decoded for span in spans), max((span.declared for span in spans), default=0.0)
    errors = [entry.error for entry in entries if entry.error]
    missed = decoded < declared if source.kind == ANIMATION else broke_off(decoded, declared)  # a clip's is an estimate
    if not errors and declared and missed:
        errors = [f"{source.name}: the clip breaks off after {decoded} of {declared:.0f} frames"]
    if errors:
        summary.status = "incomplete" if summary.frames else "failed"
        problems.append(Problem(source.name, summary.status, errors[0]))
    return summary


def _parts(first: Job, folder: Folder) -> list[Job]:
    """The finished jobs on a clip that count: all its ranges, or the one that read it whole."""
    (seen,) = _seen(folder, first)
    if first.span == WHOLE or seen.span is None or (seen.span.regular and seen.span.ended):
        return [first]
    jobs = []
    for number in range(seen.span.spans):
        job = replace(first, span=number, spans=seen.span.spans, start=seen.span.start)
        span = _seen(folder, job)[0].span
        if span and not span.regular:
            return [replace(first, span=WHOLE)]
        jobs.append(job)
        if span is None or span.ended:
            break
    return jobs


def _frames(part: Any) -> Iterator[tuple[float, list[Box]]]:
    """The sampled frames that have faces: time and boxes."""
    time, boxes = 0.0, list[Box]()
    for now, *sides in tables.rows_of(part, ("time", *SIDES)):
        if boxes and now != time:
            yield time, boxes
            boxes = []
        time = now
        boxes.append(Box(*sides))
    if boxes:
        yield time, boxes


def _seen(folder: Folder, job: Job) -> tuple[Seen, ...]:
    if (seen := folder.seen(job)) is None:
        raise ScanError(f"{folder.part(job)}: missing or damaged; run the same command again")
    return seen
