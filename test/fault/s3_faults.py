#!/usr/bin/env python3
"""Backups, prunes and restores against a server that speaks S3 and fails in every way that services do.

  s3_faults.py STASH [--seeds N] [--fault NAME]

Each fault strikes a share of the requests while a repository is made, written, pruned and read. A command may fail where the
fault cannot be waited out, but must say so; with the fault gone everything that was reported is whole."""

import argparse
import hashlib
import http.server
import random
import shutil
import socketserver
import sys
import tempfile
import threading
import time
import urllib.parse
import xml.sax.saxutils

from oracle import World, Lost, change_source

BUCKET = "bucket"
SHARE = 0.12  # of requests that a fault strikes

# Faults that cannot be waited out within a command: it may fail, with nothing lost.
HARD = {"skewed clock", "redirect", "expired token", "stale list"}
FAULTS = ["slow down", "internal error", "too many requests", "request timeout", "reset", "cut body", "wrong length", "answer lost",
          "error with 200", "slow", "trickle", "skewed clock", "expired token", "redirect", "no condition", "stale list"]
STALE = 0.5  # seconds for which a stale list does not show an object


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Objects in memory. `fault` is the name of what goes wrong, "" for nothing, "all" for any."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.objects = {}
        self.made = {}
        self.fault = ""
        self.requests = self.struck = 0

    def strikes(self):
        """The fault that strikes this request, or nothing."""
        with self.lock:
            self.requests += 1
            if not self.fault or self.rng.random() >= SHARE:
                return ""
            self.struck += 1
            return self.rng.choice(FAULTS) if self.fault == "all" else self.fault

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, f"<Error><Code>{code}</Code><Message>planted</Message></Error>".encode(), [("Content-Type", "application/xml")])

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def key(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        return path.removeprefix(f"/{BUCKET}").removeprefix("/")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def before(self, fault):
        """Answers at once where the fault says so; True: the request is done."""
        if fault == "slow down":
            self.error(503, "SlowDown")
        elif fault == "too many requests":
            self.error(429, "TooManyRequests")
        elif fault == "request timeout":
            self.error(408, "RequestTimeout")
        elif fault == "expired token":
            self.error(403, "ExpiredToken")
        elif fault == "internal error":
            self.error(500, "InternalError")
        elif fault == "skewed clock":
            self.error(403, "RequestTimeTooSkewed")
        elif fault == "redirect":
            self.error(307, "TemporaryRedirect")
        elif fault == "no condition" and self.headers.get("If-None-Match"):
            self.error(501, "NotImplemented")
        elif fault == "reset":
            self.hang_up()
        else:
            if fault == "slow":
                time.sleep(0.2)
            return False
        return True

    def do_PUT(self):
        fault = self.server.strikes()
        if fault == "reset" and self.server.rng.random() < 0.5:
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            return self.hang_up()
        content = self.body()
        if self.before(fault):
            return
        if fault == "error with 200":
            return self.error(200, "InternalError")
        said = self.headers.get("x-amz-content-sha256")
        if said != "UNSIGNED-PAYLOAD" and said != hashlib.sha256(content).hexdigest():
            return self.error(400, "XAmzContentSHA256Mismatch")
        with self.server.lock:
            exists = self.key() in self.server.objects
            if exists and self.headers.get("If-None-Match") == "*":
                return self.error(412, "PreconditionFailed")
            if exists and self.server.objects[self.key()] != content:
                raise Lost(f"{self.key()} was overwritten")
            self.server.objects[self.key()] = content
            self.server.made[self.key()] = time.monotonic()
        if fault == "answer lost":
            return self.hang_up()
        self.answer(200)

    def do_DELETE(self):
        fault = self.server.strikes()
        if self.before(fault):
            return
        with self.server.lock:
            self.server.objects.pop(self.key(), None)
        if fault == "answer lost":
            return self.hang_up()
        self.answer(204)

    def do_HEAD(self):
        if self.before(self.server.strikes()):
            return
        content = self.server.objects.get(self.key())
        if content is None:
            self.answer(404)
        else:
            self.answer(200, length=len(content))

    def do_GET(self):
        fault = self.server.strikes()
        if self.before(fault):
            return
        if fault == "error with 200" and not self.key():
            return self.error(200, "InternalError")
        if not self.key():
            return self.spoiled(200, self.listing(fault == "stale list"), fault)
        content = self.server.objects.get(self.key())
        if content is None:
            return self.error(404, "NoSuchKey")
        wanted = self.headers.get("Range", "")
        if not wanted:
            return self.spoiled(200, content, fault)
        first, last = wanted.removeprefix("bytes=").split("-")
        if first:
            part = content[int(first):int(last) + 1 if last else None]
        else:
            part = content[-int(last):]
        if not part:
            return self.error(416, "InvalidRange")
        self.spoiled(206, part, fault)

    def spoiled(self, status, body, fault):
        if fault == "cut body" or fault == "answer lost":
            self.answer(status, body[: self.server.rng.randrange(len(body))], length=len(body))
            return self.hang_up()
        if fault == "wrong length":
            self.answer(status, body, length=len(body) + 7)
            return self.hang_up()
        if fault == "trickle":
            return self.trickle(status, body)
        self.answer(status, body)

    def trickle(self, status, body):
        """Ten pieces with pauses between them."""
        self.answer(status, length=len(body))
        piece = max(1, len(body) // 10)
        for at in range(0, len(body), piece):
            self.wfile.write(body[at:at + piece])
            time.sleep(0.01)

    def listing(self, stale):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        prefix, after = query.get("prefix", ""), query.get("start-after", "")
        limit = min(int(query.get("max-keys", 1000)), 5)  # many pages
        with self.server.lock:
            since = time.monotonic() - (STALE if stale else 0)
            keys = sorted(key for key in self.server.objects if key.startswith(prefix) and key > after and self.server.made[key] < since)
            sizes = {key: len(self.server.objects[key]) for key in keys[:limit]}
        items = "".join(f"<Contents><Key>{xml.sax.saxutils.escape(urllib.parse.quote(key))}</Key><Size>{size}</Size></Contents>"
                        for key, size in sizes.items())
        more = "true" if len(keys) > limit else "false"
        return f"<ListBucketResult><IsTruncated>{more}</IsTruncated>{items}</ListBucketResult>".encode()


def attempt(world, fault, *arguments):
    """Runs a command under the fault. Whether it did its work; a failure has to tell why."""
    code = world.back_up() if arguments == ("backup",) else world.run(*arguments)[0]
    if code == 0:
        return True
    if fault not in HARD and fault != "all":
        raise Lost(f"{fault}: {' '.join(arguments)} failed with {code}: {world.said}")
    if not world.said.strip():
        raise Lost(f"{fault}: {' '.join(arguments)} failed with {code} and said nothing")
    return False


def run_one(stash, fault, seed):
    folder = tempfile.mkdtemp(prefix="stash-s3-")
    server = Server(seed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    world = World(stash, folder, f"s3:http://127.0.0.1:{server.server_address[1]}/{BUCKET}/some/prefix", seed)
    world.environment.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    failed = 0
    try:
        world.must("init", "--kdf", "raw")
        server.fault = fault
        for _ in range(3):
            change_source(world.source, world.rng)
            failed += not attempt(world, fault, "backup")
        server.fault = ""
        world.forget_last(1)
        server.fault = fault
        failed += not attempt(world, fault, "prune", "--max-unused", "0")
        failed += not attempt(world, fault, "check", "--read-data")
        failed += not attempt(world, fault, "repair", "index")
        server.fault = ""
        world.whole()
        if world.kept == {} and not failed:
            raise Lost("nothing was kept")
        return server.requests, server.struck, failed
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("stash")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--fault")
    options = parser.parse_args()
    requests = struck = failed = 0
    for fault in [options.fault] if options.fault else [*FAULTS, "all"]:
        for seed in range(options.seeds):
            try:
                one = run_one(options.stash, fault, seed)
            except Lost as lost:
                sys.exit(f"S3 fault \"{fault}\", seed {seed}: {lost}\nreplay: s3_faults.py STASH --fault \"{fault}\" --seeds {seed + 1}")
            requests, struck, failed = requests + one[0], struck + one[1], failed + one[2]
    print(f"S3 server with {len(FAULTS)} sorts of faults and all together: {requests} requests, {struck} of them struck, "
          f"{failed} commands failed with the reason, nothing lost")
    if struck == 0:
        sys.exit("no fault struck")


if __name__ == "__main__":
    main()
