"""Small files that survive a power cut: written beside and renamed, with a checksum where half a write would
mislead.
"""

import binascii
import os

from micropython import const

_LONGEST = const(16_384)


def write(path, content):
    """Replaces a file at once: before or after a power cut it is the old or the new one. Raises OSError."""
    beside = path + ".new"
    with open(beside, "wb") as file:
        file.write(b"%08x\n" % (binascii.crc32(content) & 0xFFFF_FFFF))
        file.write(content)
    os.rename(beside, path)
    if hasattr(os, "sync"):
        os.sync()


def read(path, longest=_LONGEST):
    """What `write` wrote, or None: no file, too long, torn, or unreadable."""
    try:
        if os.stat(path)[6] > longest + 9:
            return None
        with open(path, "rb") as file:
            content = file.read()
    except (OSError, MemoryError):
        return None
    if len(content) < 9 or content[8:9] != b"\n":
        return None
    body = content[9:]
    if content[:8] != b"%08x" % (binascii.crc32(body) & 0xFFFF_FFFF):
        return None
    return body


def remove(path):
    """Removes a file if it is there."""
    try:
        os.remove(path)
    except OSError:
        pass  # it is not there


def exists(path):
    """Whether there is such a file or folder."""
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def make_directory(path):
    """Makes a folder, and those above it, if need be."""
    parts = path.strip("/").split("/")
    made = "/" if path.startswith("/") else ""
    for part in parts:
        made += part
        if not exists(made):
            os.mkdir(made)
        made += "/"
