"""One HTTP GET at a time, bounded in size and time, that never blocks the other tasks."""

import asyncio

from micropython import const
from ports import sockets

_TOTAL_MILLISECONDS = const(20_000)
_LONGEST_LINE = const(512)
_MOST_HEADERS = const(40)


class HTTPError(Exception):
    """The server answered something that is no use; the text says what."""


class Answer:
    """Status, entity tag and body of an answer (bytes)."""

    def __init__(self, status, tag, body):
        self.status = status
        self.tag = tag
        self.body = body


def split_url(url):
    """(is it TLS, host, port, path) of a URL. Raises ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise ValueError("no http URL: %s" % url)
    place, _, path = rest.partition("/")
    host, _, port = place.partition(":")
    if not host:
        raise ValueError("no host in %s" % url)
    return scheme == "https", host, int(port) if port else (443 if scheme == "https" else 80), "/" + path


async def get(url, known_tag, longest, tls_context=None, patience_milliseconds=_TOTAL_MILLISECONDS):
    """Fetches a document of at most `longest` bytes within that time; `known_tag` goes as If-None-Match.

    Raises OSError, HTTPError, ValueError, MemoryError, asyncio.TimeoutError.
    """
    return await asyncio.wait_for_ms(_get(url, known_tag, longest, tls_context), patience_milliseconds)


async def _get(url, known_tag, longest, tls_context):
    is_tls, host, port, path = split_url(url)
    if is_tls and tls_context is None:
        raise ValueError("https needs a certificate authority: provision one")
    stream = await sockets.open_stream(host, port, tls_context if is_tls else None)
    try:
        request = b"GET %s HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n" % (path.encode(), host.encode())
        if known_tag:
            request += b"If-None-Match: " + known_tag + b"\r\n"
        stream.write(request + b"\r\n")
        await stream.drain()
        status = _status(await _line(stream))
        tag, length = await _headers(stream)
        body = b"" if status == 304 else await _body(stream, length, longest)
        return Answer(status, tag, body)
    finally:
        stream.s.close()


async def _line(stream):
    """A line without its end. The stream's own `readline` has no bound."""
    line = bytearray()
    while True:
        byte = await stream.read(1)
        if not byte:
            raise HTTPError("the answer ends in its head")
        if byte == b"\n":
            return bytes(line).rstrip(b"\r")
        if len(line) >= _LONGEST_LINE:
            raise HTTPError("a header line of more than %d bytes" % _LONGEST_LINE)
        line.extend(byte)


def _status(line):
    parts = line.split(b" ")
    if not line.startswith(b"HTTP/1.") or len(parts) < 2 or not parts[1].isdigit() or len(parts[1]) != 3:
        raise HTTPError("no HTTP answer")
    return int(parts[1])


async def _headers(stream):
    """(entity tag, content length or None)."""
    tag, length = b"", None
    for _ in range(_MOST_HEADERS):
        line = await _line(stream)
        if not line:
            return tag, length
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"etag":
            tag = value
        elif name == b"content-length":
            if not value.isdigit() or len(value) > 9:
                raise HTTPError("no length: %r" % value)
            length = int(value)
        elif name == b"transfer-encoding":
            raise HTTPError("an answer in chunks, to an HTTP/1.0 request")
    raise HTTPError("more than %d header lines" % _MOST_HEADERS)


async def _body(stream, length, longest):
    if length is None:
        raise HTTPError("an answer without a length")
    if length > longest:
        raise HTTPError("an answer of %d bytes; at most %d are taken" % (length, longest))
    body = bytearray(length)
    view = memoryview(body)
    at = 0
    while at < length:
        count = await stream.readinto(view[at:])
        if not count:
            raise HTTPError("the answer ends after %d of %d bytes" % (at, length))
        at += count
    return bytes(body)
