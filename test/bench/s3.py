"""A MinIO server of one pass: empty at its start, over HTTP on the loopback, and its counter of requests."""
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

USER, SECRET, BUCKET = "bench", "bench-secret", "bench"
CREDENTIALS = dict(AWS_ACCESS_KEY_ID=USER, AWS_SECRET_ACCESS_KEY=SECRET)
SETTLES = 2  # seconds until the counter has the last request
STARTS = 30  # seconds at most


class Server:
    def __init__(self, folder, log):
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{probe.getsockname()[1]}"
        env = dict(os.environ, MINIO_ROOT_USER=USER, MINIO_ROOT_PASSWORD=SECRET, MINIO_PROMETHEUS_AUTH_TYPE="public",
                   HOME=str(folder))
        self.process = subprocess.Popen(
            [os.environ["BENCH_MINIO"], "server", "--quiet", "--address", self.host, str(self.data)],
            env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + STARTS
        while not self.makes_bucket():
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.stop()
                raise SystemExit("MinIO did not start")
            time.sleep(0.1)

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.host}/minio/{path}", timeout=10) as answer:
            return answer.read().decode()

    def makes_bucket(self):
        """It says to be ready some time before it takes requests."""
        asked = subprocess.run(["curl", "-sf", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{USER}:{SECRET}",
                                "-X", "PUT", f"http://{self.host}/{BUCKET}"], stdout=subprocess.DEVNULL)
        return asked.returncode == 0

    def requests(self):
        """How many of S3 it has answered."""
        time.sleep(SETTLES)
        found = re.findall(r'^minio_api_requests_total\{.*type="s3".*\} (\S+)$', self.get("metrics/v3/api/requests"), re.M)
        return round(sum(map(float, found)))

    def stored(self):
        """Bytes on its disk, with its own few per object, and objects."""
        files = [p for p in (self.data / BUCKET).rglob("*") if p.is_file()]
        return dict(bytes=sum(p.stat().st_size for p in files), files=sum(p.name == "xl.meta" for p in files))

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)
