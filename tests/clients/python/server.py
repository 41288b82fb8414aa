"""A provider of one answer on Python's own TLS, and so on libssl: HTTP/1.1, any path.

Arguments: a PEM file with certificate and key. Prints its port; ends with standard input.
"""
import http.server
import ssl
import sys
import threading

ANSWER = b"""{"id":"chatcmpl-9","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,\
"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],\
"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}"""


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
