"""Sockets for asyncio that never wait inside a call, and names resolved the same way."""

import asyncio
import errno
import random
import socket
from asyncio import core

from micropython import const

_CONNECT_MILLISECONDS = const(10_000)
_DNS_MILLISECONDS = const(3_000)
_DNS_TRIES = const(3)
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

name_server = "0.0.0.0"  # set by the Wi-Fi port when it has joined


def _writable(sock):
    yield core._io_queue.queue_write(sock)


def _readable(sock):
    yield core._io_queue.queue_read(sock)


async def open_stream(host, port, tls_context=None):
    """A connected stream. Raises OSError, asyncio.TimeoutError, ValueError (TLS)."""
    address = await resolve(host)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _set_no_delay(sock)
        try:
            sock.connect(socket.getaddrinfo(address, port)[0][-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        await asyncio.wait_for_ms(_writable_task(sock), _CONNECT_MILLISECONDS)
        if tls_context is not None:
            sock = tls_context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            sock.setblocking(False)
        return asyncio.StreamReader(sock)
    except BaseException:
        # Cancelled or failed: the socket must not stay behind.
        sock.close()
        raise


async def exchange(address, port, request, longest, milliseconds):
    """Sends a datagram and gives the first answer. Raises OSError, asyncio.TimeoutError."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(socket.getaddrinfo(address, port)[0][-1])
        sock.send(request)
        await asyncio.wait_for_ms(_readable_task(sock), milliseconds)
        return sock.recv(longest)
    finally:
        sock.close()


async def resolve(name):
    """The IPv4 address of a name, as text.

    `socket.getaddrinfo` waits for seconds inside the call on a Pico W, and nothing else runs meanwhile; so names are
    asked for here. Only `.local` names, which need multicast, go through it.
    """
    if _is_address(name):
        return name
    if name == "localhost":
        return "127.0.0.1"
    if name.endswith(".local"):
        return socket.getaddrinfo(name, 1)[0][-1][0]
    failure = OSError(-2)
    for _ in range(_DNS_TRIES):
        query_id = random.getrandbits(16)
        try:
            answer = await exchange(name_server, 53, dns_query(name, query_id), 512, _DNS_MILLISECONDS)
            address = dns_answer(answer, query_id)
            if address is not None:
                return address
        except asyncio.TimeoutError:
            failure = OSError(errno.ETIMEDOUT)
    raise failure


def dns_query(name, query_id):
    """A question for the A record of a name (RFC 1035 section 4)."""
    query = bytearray((query_id >> 8, query_id & 0xFF, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    for part in name.encode().split(b"."):
        if not 0 < len(part) < 64:
            raise ValueError("no host name: %s" % name)
        query.append(len(part))
        query.extend(part)
    query.extend(b"\x00\x00\x01\x00\x01")
    return query


def dns_answer(answer, query_id):
    """The first A record's address, or None: another question's answer, a failure, or bytes that are no answer."""
    try:
        if answer[0] << 8 | answer[1] != query_id or not answer[2] & 0x80 or answer[3] & 0x0F:
            return None
        at = _skip_name(answer, 12) + 4
        for _ in range(answer[6] << 8 | answer[7]):
            at = _skip_name(answer, at)
            kind = answer[at] << 8 | answer[at + 1]
            length = answer[at + 8] << 8 | answer[at + 9]
            if kind == 1 and length == 4:
                return "%d.%d.%d.%d" % (answer[at + 10], answer[at + 11], answer[at + 12], answer[at + 13])
            at += 10 + length
    except IndexError:
        pass  # it ends too early
    return None


def _skip_name(answer, at):
    while answer[at]:
        if answer[at] & 0xC0:
            return at + 2
        at += answer[at] + 1
    return at + 1


def _is_address(name):
    parts = name.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) <= 3 for part in parts)


async def _writable_task(sock):
    await _writable(sock)


async def _readable_task(sock):
    await _readable(sock)


def _set_no_delay(sock):
    try:
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except OSError:
        pass  # slower, not wrong
