"""cachelib's RedisCache, at the server whose URL is the argument."""

import sys
from typing import Any

import worker
from cachelib.redis import RedisCache
from cachelib.serializers import JSONSerializer
from redis import Redis

client = Redis.from_url(sys.argv[1])


class JsonCache(RedisCache):
    serializer = JSONSerializer()


def open_cache(json: bool = False, **options: Any) -> RedisCache:
    return (JsonCache if json else RedisCache)(client, **options)


worker.serve(open_cache)
