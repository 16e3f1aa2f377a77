"""Real workers: Dask's, in processes of their own, one of which is killed in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.errors import MissingExtra, ModelError, ScanError
from edge.scan import cluster
from edge.scan.finish import finish
from edge.scan.folder import PARTS, Folder
from edge.scan.inputs import find
from edge.scan.schedule import Schedule

DEADLINE_S = 60


@pytest.fixture
def by_cluster(request_of, tmp_path, monkeypatch):
    """by_cluster(path, out, workers): scan with workers that are there."""
    monkeypatch.chdir(tmp_path)

    def run(path, out, workers, request):
        found = find([path.relative_to(tmp_path)])
        folder = Folder(tmp_path / out, request, [str(path)])
        schedule = Schedule(found.sources, request, folder)
        schedule.run(workers)
        report = finish(found, request, folder)
        folder.close()
        return report

    return run


class Watched:
    """What gives finished jobs; `added` is called before it is told to wait for one."""

    def __init__(self, done, added):
        self._done, self._added = done, added

    def __next__(self):
        return next(self._done)

    def add(self, future):
        self._added()
        self._done.add(future)


class Killing:
    """Workers, one of which is killed while it has a job, or while it holds the outcome of one."""

    capacity = 4

    def __init__(self, workers, holding):
        self._workers, self._holding, self.killed = workers, holding, 0
        self._stopped, self.waited_again = [], False
        self._client = workers._client
        self._pids = self._client.run(os.getpid)

    def submit(self, job):
        self._workers.submit(job)

    def next(self):
        if not self.killed:
            self._kill_with_an_outcome() if self._holding else self._kill_at_work()
        try:
            return self._workers.next()
        finally:
            self._go_on()

    def _go_on(self):
        while self._stopped:
            os.kill(self._stopped.pop(), signal.SIGCONT)

    def _kill_at_work(self):
        busy = [address for address, keys in self._client.processing().items() if keys]
        if busy:
            self._kill(busy[0])

    def _kill_with_an_outcome(self):
        done = self._workers._done
        first = until(lambda: list(done.queue.queue)[:1])[0]  # what next() gives next
        (address,) = self._client.who_has([first])[first.key]
        # Nobody does the job again before its loss is seen; whoever sees it waits for it again.
        self._workers._done = Watched(done, self._seen)
        self._stopped = [pid for at, pid in self._pids.items() if at != address]
        for pid in self._stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            self._kill(address)
            until(lambda: first.status != "finished")
        except BaseException:
            self._go_on()
            raise

    def _seen(self):
        self.waited_again = self.waited_again or bool(self._stopped)
        self._go_on()

    def _kill(self, address):
        self.killed = self._pids[address]
        os.kill(self.killed, signal.SIGKILL)

    def is_replaced(self, count):
        """Whether there are so many workers again, without the one that was killed."""
        pids = self._client.run(os.getpid, on_error="ignore").values()
        return len(pids) == count and self.killed not in pids

    def close(self):
        pass


@pytest.mark.slow
def test_one_worker_four_and_four_one_of_which_is_killed_give_the_same_bytes(
    archive, scan, by_cluster, files, request_of
):
    request = request_of()
    scan(archive, request=request, out="in-process")
    with cluster.this_machine(request, 1) as workers:
        by_cluster(archive, "one", workers, request)
    with cluster.this_machine(request, 4) as workers:
        by_cluster(archive, "four", workers, request)
        at_work = Killing(workers, holding=False)
        by_cluster(archive, "killed at work", at_work, request)
        until(lambda: at_work.is_replaced(4))
        holding = Killing(cluster.DaskWorkers(workers._client, request), holding=True)
        by_cluster(archive, "killed with an outcome", holding, request)
        other_models = type(request)(**(vars(request) | {"hashes": (("face", "f" * 64),)}))
        with pytest.raises(ModelError, match=r"a worker: the face model here has sha256 \S+, not ffffffffffff"):
            by_cluster(archive, "models", cluster.DaskWorkers(workers._client, other_models), other_models)
        older = type(request)(**(vars(request) | {"version": "0.0"}))
        with pytest.raises(ScanError, match=r"a worker: edge-emotion \S+ is installed here, not 0\.0"):
            by_cluster(archive, "version", cluster.DaskWorkers(workers._client, older), older)
    assert at_work.killed
    assert holding.waited_again
    for out in ("one", "four", "killed at work", "killed with an outcome"):
        assert files(out) == files("in-process"), out


# The command, whose jobs after so many never end.
ENDLESS = """
import sys, time
from edge.__main__ import main
from edge.scan import cluster

left, submit = int(sys.argv.pop(1)), cluster.DaskWorkers.submit

def counted(self, job):
    global left
    left -= 1
    if left >= 0:
        return submit(self, job)
    future = self._client.submit(time.sleep, 600, pure=False)
    self._jobs[future.key] = job
    self._done.add(future)

cluster.DaskWorkers.submit = counted
sys.exit(main())
"""


def started(archive, out, tiny, *more, jobs=None):
    """The command in a process of its own; with `jobs`, it does so many and never comes to its end."""
    program = ["-m", "edge"] if jobs is None else ["-c", ENDLESS, str(jobs)]
    words = [sys.executable, *program, "scan", "archive", "--out", out, "--models", str(tiny), *more]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    return subprocess.Popen(
        words, cwd=archive.parent, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def parts(folder: Path) -> set[str]:
    return {path.name for path in (folder / PARTS).rglob("*.parquet")}


def children(pid):
    """Its processes; workers are started by threads, each of which has a list of its own."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found += [int(word) for word in listed.read_text().split()]
    return found


def until(happened):
    """What something that must happen gives, with a deadline far away."""
    give_up = time.monotonic() + DEADLINE_S
    while not (found := happened()):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return found


def is_gone(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


@pytest.mark.slow
def test_a_command_that_is_killed_leaves_no_process_and_goes_on_where_it_was(archive, tiny, paint):
    from edge import picture

    for n in range(100):
        picture.write(archive / "deep" / f"more{n:03}.png", paint((16 * n % 112, 32, n % 2 == 0, n % 4 == 1)))
    first = started(archive, "results", tiny, "--workers", "1", jobs=5)
    until(lambda: len(parts(archive.parent / "results")) == 5)
    workers = children(first.pid)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert not (archive.parent / "results" / "faces.parquet").exists()
    finished = parts(archive.parent / "results")
    before = {name: (archive.parent / "results" / PARTS / name[:2] / name).stat().st_mtime_ns for name in finished}
    until(lambda: all(is_gone(pid) for pid in workers))
    second = started(archive, "results", tiny, "--workers", "1", "--json")
    out, err = second.communicate(timeout=DEADLINE_S)
    assert second.returncode == 1, "the archive has broken files"
    assert '"failed": 2' in out
    assert " done before, " in err
    assert len(err.splitlines()) == 1, err
    after = {name: (archive.parent / "results" / PARTS / name[:2] / name).stat().st_mtime_ns for name in finished}
    assert after == before, "finished parts are not done again"
    assert len(parts(archive.parent / "results")) > len(finished)


def ignores_ctrl_c(pid):
    status = dict(line.partition(":")[::2] for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool((int(status["SigBlk"].strip(), 16) | int(status["SigIgn"].strip(), 16)) & 1 << (signal.SIGINT - 1))


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_leaves_no_process(archive, tiny):
    command = started(archive, "results", tiny, "--every", "0", "--workers", "1", jobs=1)
    until(lambda: parts(archive.parent / "results"))
    workers = children(command.pid)
    assert len(workers) > 1, "a worker, and what counts multiprocessing's resources"
    assert all(ignores_ctrl_c(pid) for pid in workers)
    for pid in (*workers, command.pid):  # as a terminal does it: to all of them, in any order
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    out, err = command.communicate(timeout=DEADLINE_S)
    until(lambda: all(is_gone(pid) for pid in workers))
    assert (command.returncode, out) == (130, "")
    assert err.startswith("edge-emotion: stopped; ")
    assert err.endswith(" done; run the same command again to resume\n")
    assert len(err.splitlines()) == 1, err


@pytest.fixture
def own_scheduler(tmp_path):
    """The address of a scheduler with two workers that somebody else started."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=2, processes=False, dashboard_address=None, host="127.0.0.1",
        protocol="tcp://", silence_logs=50,
    ) as there:  # fmt: skip
        yield there.scheduler_address


@pytest.mark.slow
def test_a_cluster_that_is_there_is_used_and_left_alone(archive, scan, by_cluster, files, request_of, own_scheduler):
    request = request_of()
    scan(archive, request=request, out="in-process")
    for out in ("first", "second"):
        with cluster.scheduler(request, own_scheduler) as workers:
            assert workers.capacity == 8
            by_cluster(archive, out, workers, request)
        assert files(out) == files("in-process")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "tcp://no.such.host.invalid:8786"])
def test_no_scheduler_there_is_one_line(request_of, address, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_S", 1)
    with (
        pytest.raises(ScanError, match=rf"{address}: no Dask scheduler answers there \("),
        cluster.scheduler(request_of(), address),
    ):
        pass


def test_what_dask_logs_while_it_works_is_set_aside_and_only_then(caplog):
    import logging

    loggers = [logging.getLogger(name) for name in ("distributed.client", "tornado.application", "asyncio")]
    loggers[0].setLevel(logging.WARNING)  # as Dask's configuration does
    with cluster._quiet():
        for logger in loggers:
            logger.error("Exception in callback")
    assert caplog.records == []
    for logger in loggers:
        logger.error("afterwards")
    assert {record.name for record in caplog.records} >= {"tornado.application", "asyncio"}


def test_without_dask_the_line_says_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(
        MissingExtra, match=r"scan needs Dask; install it with: .* -m pip install 'edge-emotion\[scan\]"
    ):
        cluster.require()


@pytest.mark.parametrize(("cores", "memory", "workers"), [(4, 8e9, 4), (4, 2e9, 2), (4, 0.5e9, 1), (1, 64e9, 1)])
def test_there_are_as_many_workers_as_cores_and_memory_allow(monkeypatch, cores, memory, workers):
    import dask.system
    import distributed.system

    monkeypatch.setattr(dask.system, "CPU_COUNT", cores)
    monkeypatch.setattr(distributed.system, "MEMORY_LIMIT", memory)
    assert cluster.default_workers() == workers
