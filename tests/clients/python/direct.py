"""A client on a libssl of the caller's choice, without Python's own TLS.

Arguments: the library, then what to do: a number is a call, `clear` gives the same TLS object a new
connection, `new` makes another object (the allocator gives it the same address as a rule). Prints
the library's version and `answered N` for each call.
"""
import ctypes
import os
import socket
import sys
from urllib.parse import urlsplit

library = sys.argv[1]
folder = os.path.dirname(library)
# One that is bundled finds its own libcrypto; one that is not takes that of its folder.
for name in sorted(os.listdir(folder or ".")):
    if name.startswith("libcrypto") and ".so" in name:
        ctypes.CDLL(os.path.join(folder, name), mode=ctypes.RTLD_GLOBAL)
ssl = ctypes.CDLL(library)
for function in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, function).restype = ctypes.c_void_p
ssl.OpenSSL_version.restype = ctypes.c_char_p
print(ssl.OpenSSL_version(0).decode(), flush=True)

PROVIDER = urlsplit(os.environ["PROVIDER"])
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))


def check(done, what):
    if done <= 0:
        raise SystemExit(f"{what} failed")
    return done


def connect(tls):
    plain = socket.create_connection((PROVIDER.hostname, PROVIDER.port))
    check(ssl.SSL_set_fd(tls, plain.fileno()), "SSL_set_fd")
    check(ssl.SSL_connect(tls), "SSL_connect")
    return plain


def call(tls, n):
    body = '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"n=%d"}]}' % n
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {PROVIDER.netloc}\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()
    check(ssl.SSL_write(tls, request, len(request)), "SSL_write")
    answer, buffer = b"", ctypes.create_string_buffer(16384)
    while b'"total_tokens"' not in answer or not answer.endswith(b"}"):
        size = check(ssl.SSL_read(tls, buffer, len(buffer)), "SSL_read")
        answer += buffer.raw[:size]
    if b'"prompt_tokens":%d,' % n not in answer:
        raise SystemExit(f"a wrong answer to n={n}")
    print(f"answered {n}", flush=True)


tls = ctypes.c_void_p(ssl.SSL_new(context))
plain = connect(tls)
for step in sys.argv[2:]:
    if step == "clear":
        ssl.SSL_shutdown(tls)
        plain.close()
        check(ssl.SSL_clear(tls), "SSL_clear")
        plain = connect(tls)
    elif step == "new":
        ssl.SSL_free(tls)
        plain.close()
        tls = ctypes.c_void_p(ssl.SSL_new(context))
        plain = connect(tls)
    else:
        call(tls, int(step))
ssl.SSL_free(tls)
