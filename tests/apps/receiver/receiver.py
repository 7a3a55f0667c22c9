"""A receiver of events or exchanges that makes every check but one.

receiver.py PROTOCOL FAULT NAME SECRET: prints its port. FAULT is the name of the check that it lacks, or `none`. As a
receiver of exchanges it refuses what is repeated and what it does not know.
"""

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PROTOCOL, FAULT, NAME, SECRET = sys.argv[1:5]
KNOWN = {"footbridge-test"}
LIMIT = 300_000 if FAULT == "large" else 2_000_000

lock = threading.Lock()
seen = set()
newest = ""
running = 0


def signed(headers, raw):
    """Compares the signature and its time."""
    if FAULT == "missing_signature" and "webhook-signature" not in headers:
        return True
    if FAULT == "escapes":
        raw = json.dumps(json.loads(raw), separators=(",", ":"), ensure_ascii=False).encode()
    at = headers.get("webhook-timestamp", "")
    if not at.isdigit() or (FAULT != "old_timestamp" and abs(time.time() - int(at)) > 300):
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    text = f"{headers['webhook-id']}.{at}.".encode() + raw
    want = "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "")
    return bool(given) and (FAULT == "bad_signature" or any(hmac.compare_digest(part, want) for part in given.split()))


def allowed(headers):
    """Compares the credentials of an exchange."""
    if FAULT == "missing_signature" and "authorization" not in headers:
        return True
    want = "Token " + base64.b64encode(f"{NAME}:{SECRET}".encode()).decode()
    given = headers.get("authorization", "")
    return bool(given) and (FAULT == "bad_signature" or hmac.compare_digest(given, want))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"{}", **headers):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if FAULT == "other_method" else 405)

    do_HEAD = do_GET

    def do_POST(self):
        global running
        with lock:
            running += 1
            crowded = running > 1
        try:
            length = int(self.headers.get("content-length", 0))
            # Without the check it takes the first piece of a small body for all of it.
            once = FAULT == "slow_body" and length < 10_000
            raw = self.rfile.read1(length) if once else self.rfile.read(length)
            if FAULT == "concurrent":
                time.sleep(0.2)
            answer = (503,) if crowded and FAULT == "concurrent" else self.handle_request(raw)
        finally:
            with lock:
                running -= 1
        self.answer(*answer, **self.more())

    def more(self):
        return {"location": "/elsewhere"} if FAULT == "redirect" else {}

    def handle_request(self, raw):
        global newest
        if FAULT == "redirect":
            return (308,)
        if FAULT == "good":
            return (500, b'{"error":"out of order"}')
        if len(raw) > LIMIT:
            return (413,)
        if FAULT != "wrong_type" and self.headers.get_content_type() != "application/json":
            return (415,)
        try:
            text = raw.decode("ascii") if FAULT == "escapes" and PROTOCOL == "exchange" else raw
            message = json.loads(text)
        except ValueError:
            return (400,)
        if not (signed(self.headers, raw) if PROTOCOL == "event" else allowed(self.headers)):
            return (401,)
        name = message["name"] if PROTOCOL == "event" else message["event_type"]
        if name not in KNOWN and (FAULT == "unknown_event" or PROTOCOL == "exchange"):
            return (500,) if FAULT == "unknown_event" else (422,)
        with lock:
            number = self.headers.get("webhook-id", "")
            if number in seen and (FAULT == "repeated" or PROTOCOL == "exchange"):
                return (500,) if FAULT == "repeated" else (409,)
            seen.add(number)
            at = self.headers.get("webhook-timestamp", "")
            if FAULT == "out_of_order" and at < newest:
                return (409,)
            newest = max(newest, at)
        return (200,)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
