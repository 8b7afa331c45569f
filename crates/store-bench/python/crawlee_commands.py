"""What Crawlee sends by redis-py for a value of a key-value store, at the server whose URL is the first argument.

The commands are those of its RedisKeyValueStoreClient, in as many round trips. A server without RedisJSON does not know
`JSON.SET`, so a plain SET stands where Crawlee touches a time in the metadata of the store. What Crawlee does in Python
around its commands is left out. The second argument is the operation.
"""

import sys
from datetime import datetime, timezone

import bursts
from redis.asyncio import Redis

STORE = "key_value_stores:benchmark"
ITEMS, METADATA_ITEMS = f"{STORE}:items", f"{STORE}:metadata_items"
ACCESSED_AT, MODIFIED_AT = f"{STORE}:metadata:accessed_at", f"{STORE}:metadata:modified_at"
RECORD = '{{"key":"{}","content_type":"application/octet-stream","size":100}}'

client = Redis.from_url(sys.argv[1])


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


async def set_value(key: str) -> None:
    async with client.pipeline() as pipe:
        pipe.multi()
        pipe.hset(ITEMS, key, bursts.VALUE)
        pipe.hset(METADATA_ITEMS, key, RECORD.format(key))
        pipe.set(ACCESSED_AT, now())
        pipe.set(MODIFIED_AT, now())
        await pipe.execute()


async def get_value(key: str) -> bytes | None:
    await client.hget(METADATA_ITEMS, key)
    async with client.pipeline() as pipe:
        pipe.multi()
        pipe.set(ACCESSED_AT, now())
        await pipe.execute()
    return await client.hget(ITEMS, key)


async def write(task: int, number: int) -> None:
    await set_value(f"record-{task:03}")


async def read(task: int, number: int) -> None:
    key = f"record-{task:03}"
    if number == 0:
        await set_value(key)
    bursts.check(await get_value(key))


bursts.serve_tasks({"set_value": write, "get_value": read}[sys.argv[2]])
