"""The firmware's HTTP client against servers that answer rightly, wrongly, too much, or too little."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import unittest

from firmware import FIRMWARE, ON_MICROPYTHON, SIMULATOR, micropython


class HTTPTests(unittest.TestCase):
    def fetch(self, answer: bytes | None, longest: int = 8192, patience: int = 20_000) -> str:
        """What the client makes of an answer (None: the server stays silent); the request is kept."""
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                connection, _ = listener.accept()
                with connection:
                    self.request = connection.recv(4096)
                    if answer is None:
                        # Half open: the client is the one that gives up.
                        connection.recv(1)
                        return
                    # The client may have had enough before the end.
                    with contextlib.suppress(OSError):
                        connection.sendall(answer)

            server = threading.Thread(target=serve)
            server.start()
            environment = {"MICROPYPATH": f"{FIRMWARE}:{SIMULATOR}:.frozen"}
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/devices/Attic06/config"
            session = str(ON_MICROPYTHON / "http_session.py")
            command = [micropython(), "-X", "heapsize=256k", session, url, str(longest), str(patience)]
            got = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=30)
            server.join(10)
        self.assertEqual(got.stderr, "")
        return got.stdout.strip()

    def test_a_document_comes_with_its_tag(self) -> None:
        self.assertEqual(self.fetch(b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: 2\r\n\r\n{}'), '200 "x" 2')
        self.assertIn(b'If-None-Match: "known"\r\n', self.request)
        self.assertTrue(self.request.startswith(b"GET /v1/devices/Attic06/config HTTP/1.0\r\n"))

    def test_not_modified_has_no_body(self) -> None:
        self.assertEqual(self.fetch(b'HTTP/1.1 304 Not Modified\r\nETag: "known"\r\n\r\n'), '304 "known" 0')

    def test_a_server_that_takes_the_request_and_says_nothing_is_given_up(self) -> None:
        self.assertEqual(self.fetch(None, patience=300), "time-out")

    def test_lying_servers_are_refused_with_words(self) -> None:
        cases = [
            (b"", "the answer ends in its head"),
            (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "no HTTP answer"),
            (b"HTTP/1.1 2x0 OK\r\n\r\n", "no HTTP answer"),
            (b"HTTP/1.1 200 OK\r\n\r\n{}", "an answer without a length"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", "the answer ends after 2 of 10 bytes"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no length"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b" " * 65536, "an answer of 65536 bytes"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "an answer in chunks"),
            (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 5000, "a header line of more than 512 bytes"),
            (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100, "more than 40 header lines"),
        ]
        for answer, words in cases:
            with self.subTest(words):
                self.assertIn(words, self.fetch(answer))


if __name__ == "__main__":
    unittest.main()
