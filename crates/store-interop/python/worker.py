"""What every worker shares: it carries out calls that arrive as lines of JSON, and answers each with one line.

A worker of a system defines how its objects are made and calls `serve`. A request is one of

    {"open": {...options}}                                        -> {"value": number of the object}
    {"on": number, "method": name, "calls": [[args, kwargs]...]}  -> {"value": [result of each call]}
    {"forget": true}                                              -> {"value": null}

or the answer is {"raised": name of the exception's class, "message": text}. It ends when its standard input does.
"""

import asyncio
import inspect
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

# Of integers that JSON of the other side holds.
SMALLEST, LARGEST = -(2**63), 2**64 - 1


@dataclass
class Instance:
    """What a library that pickles takes, and one that reads plain values only does not."""

    field: Any


def decode(value: Any) -> Any:
    """What the other side sent, with what JSON has no word for: {"$bytes": text of code points below 256} and so on."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("$bytes", text)]:
            return text.encode("latin-1")
        case [("$int", digits)]:
            return int(digits)
        case [("$tuple", items)]:
            return tuple(decode(items))
        case [("$set", items)]:
            return set(decode(items))
        case [("$instance", field)]:
            return Instance(decode(field))
        case [("$milliseconds", number)]:
            return timedelta(milliseconds=number)
        case [("$datetime", text)]:
            return datetime.fromisoformat(text)
        case items:
            return {key: decode(item) for key, item in items}


def encode(value: Any) -> Any:
    """The reverse of `decode`. What it has no form for is an error, not a text that looks like a value."""
    if isinstance(value, bytes):
        return {"$bytes": value.decode("latin-1")}
    if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
        return {"$int": str(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, set):
        return {"$set": [encode(item) for item in sorted(value)]}
    if isinstance(value, Instance):
        return {"$instance": encode(value.field)}
    if isinstance(value, datetime):
        return {"$datetime": value.isoformat()}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: encode(item) for key, item in value.items()}
    raise TypeError(f"no form on the line for {type(value).__name__}")


async def settled(result: Any) -> Any:
    """The outcome of a call that may have been of an async function, or have given an async iterator."""
    if inspect.isawaitable(result):
        result = await result
    if isinstance(result, AsyncIterator):
        return [item async for item in result]
    return result


class Worker:
    def __init__(self, open_object: Callable[..., Any]) -> None:
        self._open = open_object
        self._objects: list[Any] = []

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"value": await self._carry_out(request)}
        except Exception as error:
            return {"raised": type(error).__name__, "message": str(error)}

    async def _carry_out(self, request: dict[str, Any]) -> Any:
        match request:
            case {"open": options}:
                self._objects.append(await settled(self._open(**decode(options))))
                return len(self._objects) - 1
            case {"on": number, "method": name, "calls": calls}:
                method = getattr(self._objects[number], name)
                return [encode(await settled(method(*decode(args), **decode(kwargs)))) for args, kwargs in calls]
            case {"forget": True}:
                self._objects.clear()
                return None
            case _:
                raise ValueError("not a request")


def serve(open_object: Callable[..., Any]) -> None:
    """Answers requests until standard input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.disable()
    worker = Worker(open_object)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            answer = runner.run(worker.answer(json.loads(line)))
            print(json.dumps(answer), file=answers, flush=True)
