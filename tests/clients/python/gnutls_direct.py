"""Calls by GnuTLS itself: one session a word, a call a number, with what is written kept and sent in one."""
import ctypes
import json
import os
import socket
import sys
from urllib.parse import urlsplit

from common import MODEL, PROVIDER, ask, check

CLIENT, X509, NAME_DNS = 2, 1, 1
AGAIN, INTERRUPTED = -28, -52
WAIT = 1
PARTS = 3

tls = ctypes.CDLL(sys.argv[1])
tls.gnutls_record_send.restype = tls.gnutls_record_recv.restype = ctypes.c_ssize_t
tls.gnutls_record_send.argtypes = tls.gnutls_record_recv.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
HOST = urlsplit(PROVIDER)


def done(result, what):
    check(result >= 0, f"{what}: {result}")
    return result


class Session:
    """A connection; without its calls nothing is written or read."""

    def __init__(self, credentials):
        self.socket = socket.create_connection((HOST.hostname, HOST.port))
        self.handle = ctypes.c_void_p()
        done(tls.gnutls_init(ctypes.byref(self.handle), CLIENT), "init")
        done(tls.gnutls_set_default_priority(self.handle), "priority")
        done(tls.gnutls_credentials_set(self.handle, X509, credentials), "credentials")
        tls.gnutls_transport_set_int2(self.handle, self.socket.fileno(), self.socket.fileno())
        result = AGAIN
        while result in (AGAIN, INTERRUPTED):
            result = tls.gnutls_handshake(self.handle)
        done(result, "handshake")

    def send(self, data):
        while data:
            sent = tls.gnutls_record_send(self.handle, data, len(data))
            if sent not in (AGAIN, INTERRUPTED):
                data = data[done(sent, "send"):]

    def corked(self, data):
        """In parts, which leave together."""
        tls.gnutls_record_cork(self.handle)
        size = len(data) // PARTS + 1
        for at in range(0, len(data), size):
            self.send(data[at : at + size])
        done(tls.gnutls_record_uncork(self.handle, WAIT), "uncork")

    def receive(self):
        buffer = ctypes.create_string_buffer(700)
        while True:
            got = tls.gnutls_record_recv(self.handle, buffer, len(buffer))
            if got not in (AGAIN, INTERRUPTED):
                return buffer.raw[: done(got, "receive")]

    def call(self, n, send):
        answer = self.post(json.dumps({"model": MODEL, "messages": ask(n)}), send)
        check(json.loads(answer)["usage"]["prompt_tokens"] == n, "a call")

    def post(self, body, send):
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: {HOST.netloc}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        send((head + body).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.receive()
        head, _, answer = answer.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = int(next(line for line in lines if line.startswith("content-length")).split(":")[1])
        while len(answer) < length:
            answer += self.receive()
        return answer

    def close(self):
        tls.gnutls_bye(self.handle, 1)
        tls.gnutls_deinit(self.handle)
        self.socket.close()


def trusting():
    """Credentials that take whatever the provider shows."""
    credentials = ctypes.c_void_p()
    done(tls.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)), "credentials")
    return credentials


if __name__ == "__main__":
    credentials = trusting()
    session = Session(credentials)
    for word in sys.argv[2:]:
        if word == "new":
            session.close()
            session = Session(credentials)
        elif word.startswith("corked-"):
            session.call(int(word.removeprefix("corked-")), session.corked)
        else:
            session.call(int(word), session.send)
    session.close()
