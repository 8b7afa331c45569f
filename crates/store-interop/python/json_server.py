"""A server with JSON commands for the cases of Crawlee: fakeredis at a free port, which is the first line of its output.

It ends when its standard input does.
"""

import os
import sys
from threading import Thread

import fakeredis
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from fakeredis._commands import CommandItem, command
from fakeredis._helpers import SimpleError
from fakeredis._msgs import JSON_WRONG_REDIS_TYPE
from fakeredis._socket import FakeSocket
from fakeredis.model import Hash

SERVER = f"# Server\r\nredis_version:8.0.0\r\nprocess_id:{os.getpid()}\r\nrun_id:{os.urandom(20).hex()}\r\n"
REPLICATION = "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n"


@command(name="INFO", fixed=(), repeat=(bytes,))
def info(self: FakeSocket, *sections: bytes) -> bytes:
    """What the server is, who waits on it and that nothing follows it, which fakeredis does not tell."""
    blocked = sum(socket._blocked for socket in list(self._server.sockets))
    return f"{SERVER}# Clients\r\nblocked_clients:{blocked}\r\n{REPLICATION}".encode()


@command(name="ROLE", fixed=())
def role(self: FakeSocket) -> list[bytes | int | list[bytes]]:
    """A primary, as sentinels and their clients want to hear; it has written no stream to replicas, and has none."""
    return [b"master", 0, []]


get_document = FakeSocket.json_get


def json_get(self: FakeSocket, key: CommandItem, *paths: bytes) -> bytes | None:
    """Refuses a string and a hash, of which fakeredis makes a document that is a text."""
    if isinstance(key.value, (bytes, Hash)):
        raise SimpleError(JSON_WRONG_REDIS_TYPE)
    return get_document(self, key, *paths)


class Handler(TCPFakeRequestHandler):
    """Has an error be a reply like any other. That of fakeredis changes its text, and ends the connection with it."""

    def setup(self) -> None:
        super().setup()
        self.current_client.get_socket()._decode_error = lambda error: error


def main() -> None:
    FakeSocket.info, FakeSocket.role, FakeSocket.json_get = info, role, json_get
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0))
    server.RequestHandlerClass = Handler
    # Those of connections that somebody keeps open would keep the process from ending.
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
