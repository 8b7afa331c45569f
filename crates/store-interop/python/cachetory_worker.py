"""A cache of cachetory, at the server whose URL is the argument."""

import sys

import worker
from cachetory.backends.sync.redis import RedisBackend
from cachetory.caches.sync import Cache
from cachetory.serializers import from_url
from redis import Redis

backend = RedisBackend(Redis.from_url(sys.argv[1]))


class Opened(Cache):
    """With what only the backend offers."""

    def expire_at(self, key, deadline):
        backend.expire_at(f"{self._prefix}{key}", deadline)


def open_cache(serializer: str = "json://", prefix: str = "") -> Cache:
    return Opened(serializer=from_url(serializer), backend=backend, prefix=prefix)


worker.serve(open_cache)
