"""The simulator on the loopback interface: real HTTP, so clients are tested down to the socket."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from extract.errors import EnvironmentFailure
from extract.harvest.simulator.faults import Fault
from extract.harvest.simulator.population import handles
from extract.harvest.simulator.request_log import RequestLog
from extract.harvest.simulator.service import Reply, Request, Service
from extract.harvest.simulator.settings import SimulatorSettings

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05


class Simulator:
    """A stand-in for X's user look-up at ``base_url``, for as long as the ``with`` block lasts.

        with Simulator(seed=7, limit=5, window_seconds=2) as sim:
            httpx.get(f"{sim.base_url}/2/users/by?usernames=sim_1",
                      headers={"Authorization": f"Bearer {sim.token}"})
            assert sim.log[0].users_returned == 1

    Knobs are the fields of ``SimulatorSettings``, given as such or by name, or both (names win).
    Raises UsageError for an unusable knob, EnvironmentFailure when the port or the log file is not
    to be had.
    """

    def __init__(self, settings: SimulatorSettings | None = None, **knobs: Any) -> None:
        self.settings = replace(settings or SimulatorSettings(), **knobs)
        self.log = RequestLog()
        self._service: Service | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def token(self) -> str:
        """The bearer token to use."""
        return self.settings.tokens[0]

    @property
    def base_url(self) -> str:
        """``http://127.0.0.1:<port>``, no slash at the end; only while the simulator runs."""
        if self._server is None:
            raise RuntimeError("the simulator is not running: use it in a with block")
        return f"http://{HOST}:{self._server.server_port}"

    @property
    def users_billed(self) -> int:
        """Users billed so far, each once per UTC day."""
        return self._service.users_billed if self._service else 0

    def handles(self, n: int) -> list[str]:
        """The first ``n`` handles of this simulator's own population."""
        return handles(n, (self.settings.population or self.settings).seed)

    def start(self) -> None:
        """Begin to answer, afresh after a stop: with empty log, windows and ledger."""
        self.log = RequestLog(self.settings.log_file)
        try:
            self._service = Service(self.settings, self.log)
            self._server = _listen(self.settings, self._service)
        except BaseException:
            self.log.close()
            raise
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="simulator", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more. On return connections are closed and threads ended; the log stays.

        Raises RuntimeError when the simulator itself failed on a request, which a client cannot
        tell from a connection that broke.
        """
        failure = self._end()
        if failure is not None:
            raise RuntimeError("the simulator failed on a request") from failure

    def _end(self) -> Exception | None:
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is not None and thread is not None:
            server.shutdown()
            server.server_close()
            thread.join()
        self.log.close()
        return server.failure if server is not None else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None or issubclass(kind, Exception):
            self.stop()
        else:
            # An interrupt has to arrive as one, whatever else went wrong.
            self._end()


def run(
    settings: SimulatorSettings,
    *,
    on_ready: Callable[[str], None],
    stop: threading.Event | None = None,
) -> None:
    """Simulate until interrupted, or until ``stop`` is set.

    on_ready is called once with the base URL, when requests are answered. KeyboardInterrupt passes
    through after a clean end. Raises what ``Simulator`` raises.
    """
    ended = stop or threading.Event()
    with Simulator(settings) as simulator:
        on_ready(simulator.base_url)
        # In slices, because some platforms do not let an interrupt through an endless wait.
        while not ended.wait(0.5):
            pass


def _listen(settings: SimulatorSettings, service: Service) -> _Server:
    try:
        return _Server(settings.port, service, settings.slow_seconds)
    except OSError as error:
        raise EnvironmentFailure(
            f"The simulator cannot listen on {HOST}:{settings.port}: {error.strerror}.",
            next_step="Choose another port, or 0 for any free one.",
        ) from error


class _Server(ThreadingHTTPServer):
    # Threads are waited for, so that none outlives the simulator; server_close wakes them all
    # first.
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, port: int, service: Service, slow_seconds: float) -> None:
        self.service = service
        self.slow_seconds = slow_seconds
        self.closing = threading.Event()
        self.failure: Exception | None = None
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        # The base class looks its own name up, which takes seconds on a machine without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name = HOST
        self.server_port = self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        self.closing.set()
        with self._lock:
            for connection in self._connections:
                _end(connection)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the play; nothing is printed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._exchange()

    def do_HEAD(self) -> None:
        self._exchange()

    def do_POST(self) -> None:
        self._exchange()

    def do_PUT(self) -> None:
        self._exchange()

    def do_PATCH(self) -> None:
        self._exchange()

    def do_DELETE(self) -> None:
        self._exchange()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The request log is the only one."""

    def _exchange(self) -> None:
        request = Request(self.command, self.path, self.headers.get("Authorization"))
        try:
            reply = self.server.service.reply(request)
        except Exception as error:
            self.server.failure = error
            raise
        if self.command != "GET":
            # Its body is left unread, so nothing else can follow on this connection.
            self.close_connection = True
        if reply.fault is Fault.CONNECTION_RESET:
            self._reset()
        elif reply.fault is not Fault.SLOW or not self.server.closing.wait(
            self.server.slow_seconds
        ):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        body = b"" if self.command == "HEAD" else reply.body
        if reply.fault is Fault.CUT_SHORT:
            body = body[: len(body) // 2]
            self.close_connection = True
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if self.close_connection and reply.fault is not Fault.CUT_SHORT:
            lines.append("connection: close")
        # In one piece: head and body sent apart would wait for each other's acknowledgement.
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _reset(self) -> None:
        """Close so that the client is told of a reset, not of an orderly end."""
        linger_for_no_time = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
        self.close_connection = True
        self.connection.close()


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
