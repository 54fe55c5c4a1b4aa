"""A server on loopback that answers whatever a test wants, down to the byte, and keeps what it was sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Received:
    """A request: its target as sent, its headers by lower-cased name, and whom it asks for."""

    target: str
    headers: dict[str, str]

    @property
    def asked(self) -> list[str]:
        query = parse_qs(urlsplit(self.target).query)
        return (query.get("usernames") or query["ids"])[0].split(",")


Answering = Callable[[Received], "bytes | Iterable[bytes]"]


class HostileServer:
    """Answers every request with what ``answer`` says, as it stands, and closes the connection."""

    def __init__(self, answer: Answering) -> None:
        self.requests: list[Received] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                lines = []
                while (line := self.rfile.readline().decode("latin-1").strip()) != "":
                    lines.append(line)
                if not lines:
                    return
                headers = dict(line.split(": ", 1) for line in lines[1:])
                received = Received(
                    lines[0].split(" ")[1], {name.lower(): text for name, text in headers.items()}
                )
                outer.requests.append(received)
                pieces = answer(received)
                try:
                    for piece in [pieces] if isinstance(pieces, bytes) else pieces:
                        self.wfile.write(piece)
                except OSError:
                    return  # the client has had enough

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def http(status: int, body: bytes | str | dict[str, Any], **headers: object) -> bytes:
    """A whole answer; ``x_y=1`` is the header ``x-y: 1``."""
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body.encode() if isinstance(body, str) else body
    given = {"content_length": len(content), "connection": "close"} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Status", *lines, "", ""]).encode("latin-1") + content


def user(handle: str, **fields: object) -> dict[str, Any]:
    """A user as X describes one, whose id follows from the handle."""
    metrics = {"followers_count": 5, "following_count": 5, "tweet_count": 5, "listed_count": 5}
    number = str(int.from_bytes(handle.encode(), "big") % 10**15)
    return {"id": number, "username": handle, "name": handle, "public_metrics": metrics} | fields


def page(handles: Iterable[str], **headers: object) -> bytes:
    """The answer of a server that means well."""
    return http(200, {"data": [user(handle) for handle in handles]}, **headers)
