"""What every program shares: it works in bursts that lines of JSON ask for, and answers each with one line.

A program defines what a task does again and again, and calls `serve_tasks` or `serve_threads`. A request is

    {"tasks": number, "milliseconds": number}    -> {"per_second": number, "p99_micros": number}

It ends when its standard input does.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

# As much as on the other side.
VALUE = b"v" * 100


def check(value: bytes | None) -> None:
    """A miss would be cheap, and worth nothing as a figure."""
    if value != VALUE:
        raise ValueError("the server did not return what was written")


def serve_tasks(turn: Callable[[int, int], Awaitable[None]]) -> None:
    """Answers with tasks of one event loop, where `turn(task, number)` is what each does again and again."""

    async def repeat(task: int, end: float) -> list[float]:
        latencies = []
        before = perf_counter()
        while before < end:
            await turn(task, len(latencies))
            after = perf_counter()
            latencies.append(after - before)
            before = after
        return latencies

    async def work(tasks: int, end: float) -> list[list[float]]:
        return await asyncio.gather(*(repeat(task, end) for task in range(tasks)))

    with asyncio.Runner() as runner:
        serve(lambda tasks, end: runner.run(work(tasks, end)))


def serve_threads(turn: Callable[[int, int], None]) -> None:
    """Answers with threads."""

    def repeat(task: int, end: float) -> list[float]:
        latencies = []
        before = perf_counter()
        while before < end:
            turn(task, len(latencies))
            after = perf_counter()
            latencies.append(after - before)
            before = after
        return latencies

    def work(tasks: int, end: float) -> list[list[float]]:
        with ThreadPoolExecutor(tasks) as threads:
            return list(threads.map(lambda task: repeat(task, end), range(tasks)))

    serve(work)


def serve(work: Callable[[int, float], list[list[float]]]) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        start = perf_counter()
        latencies = work(request["tasks"], start + request["milliseconds"] / 1000)
        took = perf_counter() - start
        latencies = sorted(latency for task in latencies for latency in task)
        p99 = latencies[len(latencies) * 99 // 100]
        print(json.dumps({"per_second": len(latencies) / took, "p99_micros": p99 * 1e6}), flush=True)
