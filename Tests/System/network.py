"""A network that can be cut: a TCP proxy on 127.0.0.1, because no test may need the right to change firewall rules."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time

# SO_LINGER with no time: close sends a reset, as a machine does that lost its power and came back.
RESET = struct.pack("ii", 1, 0)


class Link:
    """One connection through the proxy: two sockets, and what is on its way from each to the other."""

    LIMIT = 1 << 20

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.ends = (near, far)
        self.waiting = {near: bytearray(), far: bytearray()}  # to be sent to that end

    def other(self, end: socket.socket) -> socket.socket:
        return self.ends[1] if end is self.ends[0] else self.ends[0]

    def close(self) -> None:
        for end in self.ends:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.close()


class Network:
    """Forwards `port` to `target` on a thread of its own, until told otherwise.

    `cut()` resets every connection and refuses new ones; `hold()` keeps them open and forwards nothing, the half-open
    connection that a lost route leaves; `heal()` ends both. After a hold what was on its way arrives, unless
    `heal(lose=True)`: then the held connections are reset, and their bytes are gone. `delay` is how many seconds each
    piece takes.
    """

    def __init__(self, target: int, delay: float = 0) -> None:
        self.target = target
        self.delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._links: list[Link] = []
        self._lock = threading.Lock()
        self._mode = "pass"
        self._ended = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        self._set("cut")

    def hold(self) -> None:
        self._set("hold")

    def heal(self, *, lose: bool = False) -> None:
        self._set("lose" if lose else "pass")

    def close(self) -> None:
        self._ended.set()
        self._waker.send(b"x")
        self._thread.join()

    def _set(self, mode: str) -> None:
        with self._lock:
            self._mode = mode
        self._waker.send(b"x")

    def _run(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                if self._mode in ("cut", "lose"):
                    for link in self._links:
                        link.close()
                    self._links.clear()
                if self._mode == "lose":
                    self._mode = "pass"
                mode = self._mode
            self._turn(mode)
        for link in self._links:
            link.close()
        self._listener.close()

    def _turn(self, mode: str) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self._wake, selectors.EVENT_READ)
        selector.register(self._listener, selectors.EVENT_READ)
        if mode == "pass":
            for link in self._links:
                for end in link.ends:
                    events = selectors.EVENT_WRITE if link.waiting[end] else 0
                    if len(link.waiting[link.other(end)]) < Link.LIMIT:
                        events |= selectors.EVENT_READ
                    if events:
                        selector.register(end, events, link)
        for key, events in selector.select(0.5):
            if key.fileobj is self._wake:
                self._wake.recv(4096)
            elif key.fileobj is self._listener:
                self._accept(mode)
            elif key.data in self._links:
                assert isinstance(key.fileobj, socket.socket)
                self._move(key.data, key.fileobj, events)
        selector.close()

    def _accept(self, mode: str) -> None:
        near, _ = self._listener.accept()
        if mode == "cut":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.close()
            return
        try:
            far = socket.create_connection(("127.0.0.1", self.target), timeout=1)
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.close()
            return
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._links.append(Link(near, far))

    def _move(self, link: Link, end: socket.socket, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                sent = end.send(link.waiting[end])
                del link.waiting[end][:sent]
            if events & selectors.EVENT_READ:
                data = end.recv(1 << 16)
                if not data:
                    raise ConnectionError
                other = link.other(end)
                link.waiting[other] += data
                time.sleep(self.delay)
                with contextlib.suppress(BlockingIOError):
                    sent = other.send(link.waiting[other])
                    del link.waiting[other][:sent]
        except BlockingIOError:
            return
        except OSError:
            link.close()
            self._links.remove(link)
