"""Checks docs/openapi.json with other people's readers, and a real server against it.

check.py FOOTBRIDGE DESCRIPTION NODE_MODULES: run by `cargo xtask openapi`, with the Python that has requirements.txt.
"""

import contextlib
import importlib
import json
import os
import pathlib
import pkgutil
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(sys.executable).parent

# Operations that are not tried with generated requests, each for a reason.
LEFT_OUT = {
    "/api/v1/events/stream": "a stream that does not end",
    "/api/v1/tail": "a stream that does not end",
    "/api/v1/apps/{name}/logs/stream": "a stream that does not end",
    "/x/{app}/{path}": "answers are those of an app",
    "/public/{app}/{path}": "answers are those of an app",
    "/metrics": "its text is not JSON",
    "/api/apps/local": "it installs folders of this machine",
    "/api/v1/session": "on the console's listener only",
    "/api/v1/session/apps": "on the console's listener only",
    "/api/v1/session/password": "on the console's listener only",
    "/api/v1/sign-in-options": "on the console's listener only",
    "/api/v1/sign-in-links": "links to the console, which is off here",
}


def run(name, *command, **options):
    """Runs one reader; ends the check if it finds anything."""
    begun = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{name} refuses the description:\n{done.stdout[-60000:]}\n{done.stderr[-4000:]}")
    print(f"{name}: ok ({time.monotonic() - begun:.0f} s)", flush=True)


def readers(description, modules):
    """The description is valid for those who read it."""
    tools = modules / ".bin"
    run("swagger-parser", "node", HERE / "parse.mjs", modules, description)
    quiet = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    run("redocly", tools / "redocly", "lint", description, "--config", HERE / "redocly.yaml", env=quiet)
    spectral = ["--ruleset", HERE / "spectral.yaml", "--fail-severity", "warn"]
    run("spectral", tools / "spectral", "lint", description, *spectral)


def client(description):
    """A generated client can be imported."""
    with tempfile.TemporaryDirectory() as place:
        made = pathlib.Path(place) / "footbridge_client"
        generate = ["generate", "--path", description, "--meta", "none", "--output-path", made, "--fail-on-warning"]
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        run("openapi-python-client", BIN / "openapi-python-client", *generate, env={**os.environ, "PATH": path})
        sys.path.insert(0, place)
        package = importlib.import_module(made.name)
        modules = [module.name for module in pkgutil.walk_packages(package.__path__, f"{made.name}.")]
        for module in modules:
            importlib.import_module(module)
        if len(modules) < 100:
            sys.exit(f"the generated client has {len(modules)} modules only")
        print(f"its {len(modules)} modules are imported", flush=True)


class Receiver(BaseHTTPRequestHandler):
    """Takes every event and answers every exchange."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Gateway:
    """A server with something in it."""

    def __init__(self, program, place):
        self.token = secrets.token_urlsafe(24)
        receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.receiver = f"http://127.0.0.1:{receiver.server_port}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}"
        config = place / "footbridge.toml"
        config.write_text(
            f'listen = "{self.address}"\ndatabase = "sqlite:{place}/footbridge.db"\nadmin_token = "{self.token}"\n'
            '[console]\nlisten = "off"\n[egress]\nallow = ["127.0.0.0/8"]\ntimeout = "2s"\n[bridge]\ntimeout = "2s"\n'
        )
        self.log = (place / "log").open("wb+")
        serve = [program, "serve", "--config", config]
        self.process = subprocess.Popen(serve, cwd=place, stdout=self.log, stderr=self.log)

    def wait(self):
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"{self.url}/readyz", timeout=2).close()
            time.sleep(0.05)
        sys.exit(f"the server did not start:\n{self.output()}")

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")[-8000:]

    def call(self, method, path, body=None, **headers):
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json", **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def fill(self):
        """Makes apps, a link, a hook, an event with its delivery, and an exchange."""
        made = {
            name: self.call("POST", "/api/v1/apps", {"name": name, "receiver_url": f"{self.receiver}/{name}"})
            for name in ("portal", "shop")
        }
        self.call("POST", "/api/v1/links", {"host": "portal", "miniapp": "shop"})
        hook = {"app": "shop", "pattern": "portal/*", "route": f"{self.receiver}/hook", "type": "web"}
        self.call("POST", "/api/v1/hooks", hook)
        token = made["portal"]["token"]
        self.call("POST", "/api/events/order-paid", {"body": {"order": 7}}, **{"x-bolt-app-token": token})
        return token


def server(program, description):
    """A server does what the description says, whatever it is sent."""
    with tempfile.TemporaryDirectory() as place:
        gateway = Gateway(program, pathlib.Path(place))
        try:
            gateway.wait()
            token = gateway.fill()
            try_requests(gateway, token)
            if gateway.process.poll() is not None:
                sys.exit(f"the server ended:\n{gateway.output()}")
            if "panicked" in gateway.output():
                sys.exit(f"the server panicked:\n{gateway.output()}")
        finally:
            gateway.process.terminate()
            gateway.process.wait()


def try_requests(gateway, token):
    config = pathlib.Path(gateway.log.name).parent
    shutil.copy(HERE / "schemathesis.toml", config)
    left_out = [part for path in LEFT_OUT for part in ("--exclude-path", path)]
    headers = ["--header", f"Authorization: Bearer {gateway.token}", "--header", f"X-Bolt-App-Token: {token}"]
    run("schemathesis", BIN / "st", "run", f"{gateway.url}/openapi.json", *headers, *left_out, cwd=config)


def main():
    program, description, modules = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
    readers(description, modules)
    client(description)
    server(program, description)


main()
