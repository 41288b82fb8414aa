"""A web application, unmodified: for each question of a user it looks something up and asks a model.
Then a question comes to it, and one more call is made for nobody.
"""
import http.server
import json
import subprocess
import sys
import threading

from common import MODEL, OPENAI, ask, check
from openai import OpenAI

client = OpenAI(base_url=OPENAI, max_retries=0)
QUESTION = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], b'{"question": "what is it"}', {"content-type": "application/json"})
assert urllib.request.urlopen(request).status == 200
"""


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        client.embeddings.create(model="embed-local", input="n=7 a question")
        answer = client.chat.completions.create(model=MODEL, messages=ask(8))
        text = json.dumps({"answer": answer.choices[0].message.content}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/chats/4711/ask"
check(subprocess.run([sys.executable, "-c", QUESTION, url]).returncode == 0, "a question")
client.chat.completions.create(model=MODEL, messages=ask(9))
server.shutdown()
