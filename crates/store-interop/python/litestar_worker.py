"""Litestar's RedisStore, at the server whose URL is the argument."""

import sys

import worker
from litestar.stores.redis import RedisStore
from redis.asyncio import Redis

client = Redis.from_url(sys.argv[1])


def open_store(nested: tuple[str, ...] = (), **options: str | None) -> RedisStore:
    store = RedisStore(client, **options)
    for name in nested:
        store = store.with_namespace(name)
    return store


worker.serve(open_store)
