"""Workers by Dask: processes on this machine's cores, or a cluster that is there."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import math
import signal
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import CancelledError
from multiprocessing import resource_tracker
from typing import Any

import cv2

from edge.errors import EdgeError, MissingExtra, ScanError, one_line
from edge.machine import pip_install
from edge.scan.look import Outcome, perform
from edge.scan.plan import Job
from edge.scan.request import Request

# Memory of a worker: 200 MB for itself, and the pictures: one of 50 megapixels takes 500 MB while it is looked at.
NEEDED_BYTES = 700_000_000
SHARE = 0.9  # of the machine's memory that all workers may take together
DEATHS = 3  # workers that may die with a job before it is given up
MOST_LOST = 100  # outcomes in a row that may die with their workers
AHEAD = 2  # jobs under way for each thread of a worker: one is worked on, one is ready
CONNECT_S = 20
NOISY = ("distributed", "tornado", "asyncio")  # loggers
COUNT_S = 2.0  # how often to ask the scheduler for its workers
MISSING = "scan needs Dask; install it with: {}"
# A worker is one of many: FFmpeg and OpenCV leave the other cores to the others.
ENVIRONMENT = {"OPENCV_FFMPEG_CAPTURE_OPTIONS": "threads;1", "OMP_NUM_THREADS": "1"}
CONFIG = {
    "distributed.scheduler.allowed-failures": DEATHS - 1,
    # A worker keeps nothing that it could write to disk: above its limit it is ended, and its job done again.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # A worker would keep a thousand seconds of its own profile, and an hour of the machine's load, as 20 MB that nobody
    # reads.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.log-length": 60,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.log-length": 100,
    "distributed.admin.low-level-log-length": 100,
}


def require() -> None:
    """Check that Dask is there, without the second that importing it takes.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        there = importlib.util.find_spec("distributed") is not None
    except ValueError:
        there = False
    if not there:
        raise MissingExtra(MISSING.format(pip_install("scan")))


def default_workers() -> int:
    """As many as there are cores, if there is memory for them; of a container, its own."""
    from dask.system import CPU_COUNT

    memory: float = SHARE * _distributed().system.MEMORY_LIMIT
    return max(1, min(int(CPU_COUNT), int(memory // NEEDED_BYTES)))


def alone(job: Job, request: Request) -> Outcome:
    """Do a job in a worker, on one core."""
    cv2.setNumThreads(1)
    return perform(job, request)


class DaskWorkers:
    """Has jobs done by the workers of a Dask scheduler.

    Args:
        client: connected to the scheduler.
        request: what every file is asked.
    """

    def __init__(self, client: Any, request: Request) -> None:
        self._client, self._request = client, request
        self._jobs: dict[str, Job] = {}
        self._capacity, self._counted = 0, -math.inf
        self._done = _distributed().as_completed(loop=client.loop)

    @property
    def capacity(self) -> int:
        """AHEAD jobs for each thread of the workers; they may come and go."""
        now = time.monotonic()
        if now - self._counted >= COUNT_S:
            self._capacity, self._counted = AHEAD * max(1, sum(self._client.nthreads().values())), now
        return self._capacity

    def submit(self, job: Job) -> None:
        """Have a job done."""
        future = self._client.submit(alone, job, self._request, pure=False)
        self._jobs[future.key] = job
        self._done.add(future)

    def next(self) -> tuple[Job, Outcome | None]:
        """Wait for one of the jobs; None in place of an outcome: DEATHS workers died with it.

        Raises:
            EdgeError: a worker cannot do any job, or the scheduler is gone.
        """
        future, lost = next(self._done), 0
        # Another thread changes the status at any time, so it is read once.
        while (status := future.status) in ("lost", "pending"):
            lost += 1
            if lost > MOST_LOST:
                return self._jobs.pop(future.key), None
            self._done.add(future)  # the outcome died with its worker; the scheduler runs the job again
            future = next(self._done)
        job = self._jobs.pop(future.key)
        if status not in ("finished", "error"):
            raise ScanError(f"the scheduler dropped a job ({status}); run the same command again to resume")
        try:
            # If it is lost on its way here, this waits until the job was run again.
            return job, future.result()
        except _distributed().scheduler.KilledWorker:
            return job, None
        except EdgeError as error:
            raise type(error)(f"a worker: {one_line(error)}") from None
        except Exception as error:
            if status == "finished" and isinstance(error, OSError | CancelledError):
                problem = f"the scheduler is gone ({one_line(error)}); run the same command again to resume"
            else:
                problem = f"a worker cannot do the work ({type(error).__name__}: {one_line(error, 200)})"
            raise ScanError(problem) from None

    def close(self) -> None:
        """Disconnect."""
        self._client.close()


@contextlib.contextmanager
def this_machine(request: Request, workers: int) -> Iterator[DaskWorkers]:
    """Workers on this machine: a process each. Only this process can reach them: they speak TLS with its own key.

    Raises:
        MissingExtra: Dask is not installed.
    """
    import dask

    distributed = _distributed()
    memory = int(SHARE * distributed.system.MEMORY_LIMIT / workers)
    with dask.config.set(CONFIG), _quiet():
        try:
            security = distributed.Security.temporary()
        except ImportError:
            raise MissingExtra(f"scan needs cryptography; install it with: {pip_install('scan')}") from None
        with contextlib.ExitStack() as opened:
            with _without_ctrl_c():  # one that was sent meanwhile arrives at its end, when the cluster can be closed
                local = distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, memory_limit=memory, host="127.0.0.1",
                    dashboard_address=None, protocol="tls://", security=security, silence_logs=logging.CRITICAL,
                    env=ENVIRONMENT,
                )  # fmt: skip
                cluster = opened.enter_context(contextlib.closing(local))
            client = opened.enter_context(contextlib.closing(distributed.Client(cluster, security=security)))
            yield DaskWorkers(client, request)


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """What is started meanwhile never gets SIGINT, nor what that starts later; this thread gets it afterwards.

    A terminal sends it to all processes at once: workers that end of it show tracebacks, and are missed by a scan that
    goes on or ends in order.
    """
    resource_tracker.ensure_running()  # of multiprocessing; the thread that starts it has SIGINT unblocked by it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def scheduler(request: Request, address: str) -> Iterator[DaskWorkers]:
    """The workers of a scheduler that is there; its certificates, if any, are in Dask's own configuration.

    Raises:
        MissingExtra: Dask is not installed.
        ScanError: no scheduler answers, or it has no worker.
    """
    distributed = _distributed()
    with _quiet():
        try:
            client = distributed.Client(address, timeout=CONNECT_S)
        except (OSError, ValueError, TypeError) as error:
            raise ScanError(
                f"{address}: no Dask scheduler answers there ({one_line(error, 100)}); start one with: dask scheduler"
            ) from None
        try:
            try:
                client.wait_for_workers(1, timeout=CONNECT_S)
            except TimeoutError:
                raise ScanError(f"{address}: no worker; start some with: dask worker {address} --nthreads 1") from None
            yield DaskWorkers(client, request)
        finally:
            client.close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Dask's own lines about workers that come and go are set aside, unless --debug asks for them."""
    if logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
        yield
        return
    # Dask gives many of its loggers a level of their own; Tornado and asyncio tell of calls that Ctrl-C broke off.
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in NOISY]
    loggers = [logging.getLogger(name) for name in (*NOISY, *names)]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise MissingExtra(MISSING.format(pip_install("scan"))) from None
    return distributed
