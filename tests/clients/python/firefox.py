"""Firefox, told by WebDriver BiDi to open the provider's page and to fetch from there, by HTTP/2 and by
HTTP/1.1. The argument is the program.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from websockets.sync.client import connect

from common import MODEL, PROVIDER, USAGE, ask, check

# Nothing but what it is told: no telemetry, updates, safe browsing, or looks at whether there is a network.
QUIET = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.trr.mode": 5,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}
FETCH = """async (path, key, body) => {
  const headers = { "content-type": "application/json", authorization: "Bearer " + key };
  const answer = await fetch(path, { method: "POST", headers, body });
  return await answer.text();
}"""


class Firefox:
    def __init__(self, program, http2):
        self.profile = tempfile.TemporaryDirectory()
        prefs = {**QUIET, "network.http.http2.enabled": http2}
        with open(os.path.join(self.profile.name, "user.js"), "w") as file:
            for name, value in prefs.items():
                file.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
        words = ["--headless", "--no-remote", "--profile", self.profile.name, "--remote-debugging-port", "0"]
        environment = {**os.environ, "HOME": self.profile.name, "MOZ_CRASHREPORTER_DISABLE": "1"}
        self.process = subprocess.Popen([program, *words], stderr=subprocess.PIPE, text=True, env=environment)
        listening = (re.search("ws://[0-9.:]+", line) for line in self.process.stderr)
        url = next(found for found in listening if found)[0]
        self.socket = connect(url + "/session", max_size=None)
        self.commands = 0
        self.command("session.new", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}})
        self.page = self.command("browsingContext.getTree", {})["contexts"][0]["context"]

    def command(self, method, params):
        self.commands += 1
        self.socket.send(json.dumps({"id": self.commands, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == self.commands:
                check("result" in answer, answer)
                return answer["result"]

    def open(self, url):
        self.command("browsingContext.navigate", {"context": self.page, "url": url, "wait": "complete"})

    def fetch(self, path, body):
        words = (path, os.environ["OPENAI_API_KEY"], json.dumps(body))
        arguments = [{"type": "string", "value": word} for word in words]
        call = {"functionDeclaration": FETCH, "arguments": arguments, "awaitPromise": True}
        answer = self.command("script.callFunction", {**call, "target": {"context": self.page}})
        check(answer["type"] == "success", answer)
        return answer["result"]["value"]

    def close(self):
        try:
            self.command("browser.close", {})
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


def calls(program, http2, n):
    firefox = Firefox(program, http2)
    try:
        firefox.open(PROVIDER + "/bulk/9")
        path = "/v1/chat/completions"
        check(f'"prompt_tokens":{n},' in firefox.fetch(path, {"model": MODEL, "messages": ask(n)}), "a call")
        body = {"model": MODEL + "-stream-20-pace-2", "messages": ask(n + 1), "stream": True, "stream_options": USAGE}
        check("[DONE]" in firefox.fetch(path, body), "a stream")
        long = {"model": MODEL + "-bytes-200000", "messages": ask(n + 2), "padding": "x" * 50000}
        check(len(firefox.fetch(path, long)) > 200000, "a long answer")
    finally:
        firefox.close()


calls(sys.argv[1], True, 10)
calls(sys.argv[1], False, 20)
