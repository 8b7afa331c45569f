"""`get` and `set` by turns of Litestar's RedisStore, at the server whose URL is the argument."""

import sys

import bursts
from litestar.stores.redis import RedisStore

store = RedisStore.with_client(sys.argv[1])


async def turn(task: int, number: int) -> None:
    key = f"session-{task:03}"
    if number % 2 == 0:
        await store.set(key, bursts.VALUE)
    else:
        bursts.check(await store.get(key))


bursts.serve_tasks(turn)
