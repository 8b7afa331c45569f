"""Crawlee's RedisKeyValueStoreClient and what stands above it, at the server whose URL is the argument."""

import asyncio
import sys
import warnings
from datetime import datetime, timedelta, timezone
from typing import Any

import worker
from crawlee import service_locator
from crawlee.configuration import Configuration
from crawlee.storage_clients import RedisStorageClient
from crawlee.storage_clients._redis import RedisKeyValueStoreClient
from crawlee.storages import KeyValueStore
from pydantic import BaseModel
from redis.asyncio import Redis

warnings.simplefilter("ignore")
redis = Redis.from_url(sys.argv[1])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def plain(found: Any) -> Any:
    """A model of Crawlee's as the dictionary of its fields."""
    return found.model_dump() if isinstance(found, BaseModel) else found


class Client:
    """A client, whose answers are plain values."""

    def __init__(self, client: RedisKeyValueStoreClient) -> None:
        self._client = client

    async def set(self, key: str, value: Any, content_type: str | None = None) -> None:
        await self._client.set_value(key=key, value=value, content_type=content_type)

    async def get(self, key: str) -> Any:
        return plain(await self._client.get_value(key=key))

    async def delete(self, key: str) -> None:
        await self._client.delete_value(key=key)

    async def exists(self, key: str) -> bool:
        return await self._client.record_exists(key=key)

    async def keys(self, exclusive_start_key: str | None = None, limit: int | None = None) -> list[Any]:
        found = self._client.iterate_keys(exclusive_start_key=exclusive_start_key, limit=limit)
        return [plain(item) async for item in found]

    async def entries(self) -> list[Any]:
        return [plain(item) async for item in self._client.iterate_entries()]

    async def metadata(self) -> Any:
        return plain(await self._client.get_metadata())

    async def millis(self, field: str) -> int:
        """A time of the metadata, in whole milliseconds since the epoch; one without a zone is UTC."""
        time = getattr(await self._client.get_metadata(), field)
        time = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        return (time - EPOCH) // timedelta(milliseconds=1)

    async def purge(self) -> None:
        await self._client.purge()

    async def drop(self) -> None:
        await self._client.drop()


class Storage:
    """A store as an application has it, above its client."""

    def __init__(self, store: KeyValueStore) -> None:
        self._store = store

    async def set(self, key: str, value: Any) -> None:
        await self._store.set_value(key, value)

    async def get(self, key: str, default: Any = None) -> Any:
        return await self._store.get_value(key, default)

    async def auto_saved(self, key: str, default: dict[str, Any], changes: dict[str, Any]) -> Any:
        """Opens an auto-saved value, changes it and has it saved; gives what it was before."""
        value = await self._store.get_auto_saved_value(key, default)
        before = dict(value)
        value.update(changes)
        await self._store.persist_autosaved_values()
        return before


class Program:
    """What an application does with stores, of which it has many."""

    async def open_at_once(self, name: str, times: int) -> None:
        """Opens one store so often, each time over a connection of its own, and writes a record with each."""
        clients = [Redis.from_url(sys.argv[1]) for _ in range(times)]
        opened = await asyncio.gather(*(open_client(client, name=name) for client in clients))
        for number, store in enumerate(opened):
            await store.set(f"python-{number}", name)
        for client in clients:
            await client.aclose()

    async def set_all(self, name: str, key: str, value: Any, times: int) -> None:
        """Writes a record so often."""
        store = await open_client(redis, name=name)
        for _ in range(times):
            await store.set(key, value)

    async def start(self, *, purge: bool) -> Any:
        """Opens the default store as a new run of an application does, and gives what it has."""
        store = await open_storage(purge=purge)
        return [item.key for item in await store.list_keys()]


async def open_client(
    client: Redis, id: str | None = None, name: str | None = None, alias: str | None = None
) -> Client:
    return Client(await RedisKeyValueStoreClient.open(id=id, name=name, alias=alias, redis=client))


async def open_storage(*, purge: bool = False, **options: str | None) -> KeyValueStore:
    service_locator.storage_instance_manager.clear_cache()
    configuration = Configuration(purge_on_start=purge)
    storage_client = RedisStorageClient(redis=redis)
    return await KeyValueStore.open(configuration=configuration, storage_client=storage_client, **options)


async def open_object(**options: str | None) -> Client | Storage | Program:
    if options.pop("program", None):
        return Program()
    if options.pop("storage", None):
        return Storage(await open_storage(**options))
    return await open_client(redis, **options)


worker.serve(open_object)
