"""`get` and `set` by turns of cachelib's RedisCache, at the server whose host and port are the arguments.

With threads, as in the servers that cachelib is made for.
"""

import sys

import bursts
from cachelib import RedisCache

cache = RedisCache(host=sys.argv[1], port=int(sys.argv[2]))


def turn(task: int, number: int) -> None:
    key = f"session-{task:03}"
    if number % 2 == 0:
        cache.set(key, bursts.VALUE)
    else:
        bursts.check(cache.get(key))


bursts.serve_threads(turn)
