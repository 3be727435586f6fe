#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""servers.py - the servers that bench.py measures against, all on loopback and of one storage

    Registry      docker-registry, plain http, with or without tokens
    Nginx         before it with TLS, over HTTP/2 or not; or files alone; blobs redirected elsewhere
    Shaper        a TCP proxy with a round trip time and a rate for each connection

Each has `host` and take(), which says what came since the last call: requests, connections.

    servers.py shape LISTEN_PORT TARGET_PORT ROUND_TRIP_MS BYTES_PER_S    (0: no limit)
"""
import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIB = os.path.join(HERE, "..", "lib")
ADDRESS = "127.0.0.1"

REGISTRY = """version: 0.1
log: {{level: info, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http: {{addr: {addr}, secret: bench}}
"""

TOKENS = """auth: {{token: {{realm: "{realm}", service: rig, issuer: rig, rootcertbundle: "{bundle}"}}}}
"""

NGINX = """daemon off; master_process off; pid "{base}.pid"; error_log stderr error;
events {{ worker_connections 512; }}
http {{
	log_format bench 'connection=$connection';
	access_log "{base}.log" bench;
	client_max_body_size 0; sendfile on; tcp_nopush on;
	client_body_temp_path "{base}.tmp"; proxy_temp_path "{base}.tmp"; fastcgi_temp_path "{base}.tmp";
	uwsgi_temp_path "{base}.tmp"; scgi_temp_path "{base}.tmp";
	server {{ listen {listen}; {tls} {locations} }}
}}
"""

PROXY = """proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_request_buffering off;
	proxy_buffering off; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;"""

REDIRECT = """location ~ "^/v2/.+/blobs/sha256:(?<head>..)(?<tail>[0-9a-f]{{62}})$" {{
	if ($request_method = GET) {{
		return 307 https://{blobs}/docker/registry/v2/blobs/sha256/$head/$head$tail/data?sig=bench;
	}}
	{proxy} }}"""

FILES = """root "{root}";
	location ~ /manifests/ {{ default_type application/vnd.oci.image.manifest.v1+json; }}
	location / {{ default_type application/octet-stream; }}"""


def free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"bench: nothing listens on port {port}")


class Server:
    """A process on a port of its own, whose log names the connection of each request."""

    started = []  # all of them, to be stopped
    connection = re.compile(r"connection=(\d+)")

    def __init__(self, command, log, port):
        self.log_path, self.read_bytes = log, 0
        with open(log + ".out", "ab") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out,
                env={**os.environ, "OTEL_TRACES_EXPORTER": "none"})
        self.started.append(self)
        if port:
            wait_for(port)
        self.host = f"{ADDRESS}:{port}"
        self.take()

    def take(self):
        if not os.path.exists(self.log_path):
            return 0, set()
        with open(self.log_path, "rb") as file:
            file.seek(self.read_bytes)
            fresh = file.read()
        self.read_bytes += len(fresh)
        found = self.connection.findall(fresh.decode(errors="replace"))
        return len(found), {(id(self), name) for name in found}

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class TokenServer(Server):
    def __init__(self, base, cert):
        super().__init__([sys.executable, os.path.join(LIB, "token_server.py"), "--key",
                          cert + ".key", "--cert", cert + ".pem", "--anonymous", "--port-file",
                          base + ".port"], base, None)
        while not os.path.exists(base + ".port"):
            time.sleep(0.1)
        with open(base + ".port", encoding="ascii") as file:
            self.host = f"{ADDRESS}:{file.read().strip()}"


class Registry(Server):
    connection = re.compile(r'response completed.*?http\.request\.remoteaddr="([^"]+)"')

    def __init__(self, base, root, tokens=None):
        port = free_port()
        with open(base + ".yml", "w", encoding="utf-8") as file:
            file.write(REGISTRY.format(root=root, addr=f"{ADDRESS}:{port}"))
            file.write(TOKENS.format(**tokens) if tokens else "")
        super().__init__(["docker-registry", "serve", base + ".yml"], base, port)
        self.log_path = base + ".out"


class Nginx(Server):
    """`cert` is the base name of a certificate and key; None: plain http."""

    def __init__(self, base, locations, cert=None, http2=False):
        port = free_port()
        tls = f"ssl_certificate {cert}.pem; ssl_certificate_key {cert}.key;" if cert else ""
        listen = f"{ADDRESS}:{port}" + (" ssl" if cert else "") + (" http2" if http2 else "")
        with open(base + ".conf", "w", encoding="utf-8") as file:
            file.write(NGINX.format(base=base, listen=listen, tls=tls, locations=locations))
        super().__init__(["nginx", "-p", base, "-c", base + ".conf"], base + ".log", port)


class Shaper(Server):
    """The requests are the server's behind it."""

    def __init__(self, base, target_port, round_trip_ms, bytes_per_s, port=None):
        port = port or free_port()
        super().__init__([sys.executable, os.path.abspath(__file__), "shape", str(port),
                          str(target_port), str(round_trip_ms), str(bytes_per_s)], base, port)


def take_all():
    """(requests, connections) of the tools: where nginx stands before a registry, those to nginx."""
    taken = [(isinstance(server, Nginx), *server.take()) for server in Server.started]
    seen = [part for part in taken if part[0] and part[1]] or taken
    return sum(count for _, count, _ in seen), sum(len(names) for _, _, names in seen)


def port_of(server):
    return int(server.host.rpartition(":")[2])


def make_certificate(base):
    """One that is its own authority: trusted by naming the file."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=bench", "-addext", f"subjectAltName=IP:{ADDRESS}", "-keyout",
         base + ".key", "-out", base + ".pem"], check=True, stderr=subprocess.DEVNULL)


def start_like_ghcr(base, root, cert, round_trip_ms):
    """Tokens, and blobs redirected to another origin, both with TLS and HTTP/2, behind shapers."""
    front_port, blobs_port = free_port(), free_port()
    tokens = TokenServer(base + "-tokens", cert)
    registry = Registry(base + "-registry", root, {
        "realm": f"https://{ADDRESS}:{front_port}/token", "bundle": cert + ".pem"})
    blobs = Nginx(base + "-blobs", FILES.format(root=root), cert, http2=True)
    proxy = PROXY.format(upstream=registry.host)
    front = Nginx(
        base + "-front", f"location / {{ {proxy} }}" +
        f"location /token {{ {PROXY.format(upstream=tokens.host)} }}" +
        REDIRECT.format(blobs=f"{ADDRESS}:{blobs_port}", proxy=proxy), cert, http2=True)
    Shaper(base + "-blobs-shaper", port_of(blobs), round_trip_ms, 0, blobs_port)
    return Shaper(base + "-shaper", port_of(front), round_trip_ms, 0, front_port)


async def pour(reader, writer, delay_s, bytes_per_s):
    """Each piece arrives `delay_s` after it was read, and pieces as fast as the rate lets them."""
    pieces, free_at = asyncio.Queue(64), 0.0

    async def deliver():
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    task = asyncio.ensure_future(deliver())
    try:
        while True:
            data = await reader.read(1 << 16)
            now = time.monotonic()
            free_at = max(now, free_at) + (len(data) / bytes_per_s if bytes_per_s else 0)
            await pieces.put((free_at + delay_s, data))
            if not data:
                break
        await task
    except (ConnectionError, asyncio.CancelledError):
        task.cancel()
        writer.close()


async def shape(port, target_port, round_trip_s, bytes_per_s):
    async def accept(reader, writer):
        await asyncio.sleep(round_trip_s)  # of the handshake
        try:
            there, to = await asyncio.open_connection(ADDRESS, target_port)
        except ConnectionError:
            writer.close()
            return
        await asyncio.gather(pour(reader, to, round_trip_s / 2, 0),
                             pour(there, writer, round_trip_s / 2, bytes_per_s))

    server = await asyncio.start_server(accept, ADDRESS, port, limit=1 << 18)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(shape(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]) / 1000,
                      float(sys.argv[5])))
