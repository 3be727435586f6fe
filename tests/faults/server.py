#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""server.py - a registry that misbehaves on request

    server.py --root DIR --port-file FILE [--log FILE] [--rules FILE] ...

Serves the OCI layouts below DIR (registry.py) as the rules say (rules.py), and writes one JSON line
an event to the log: "connection", "request" as soon as its head is there, "response" when it is
over, with the bytes of body that were really sent.  Tests count in that log.

Python 3.10, standard library only.
"""
import argparse
import json
import os
import signal
import socket
import sys
import threading
import time

# The directory of a run of bats: what one server compiled, the next ones load.
sys.dont_write_bytecode = "BATS_RUN_TMPDIR" not in os.environ
sys.pycache_prefix = os.environ.get("BATS_RUN_TMPDIR")
from auth import Auth  # noqa: E402
import h2  # noqa: E402
import proxy  # noqa: E402
from registry import Registry  # noqa: E402
from rules import Scenario, filled_in, own_response  # noqa: E402
from wire import Gone, Wire, close_gently, error_response, read_request  # noqa: E402

SECRETS = ("authorization", "cookie", "proxy-authorization")


class Log:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.lock = threading.Lock()
        self.count = 0

    def write(self, event, **fields):
        if not self.file:
            return
        with self.lock:
            line = {"event": event, "t": round(time.monotonic(), 4), **fields}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()

    def number(self):
        with self.lock:
            self.count += 1
            return self.count


class Server:
    def __init__(self, options):
        self.options = options
        self.log = Log(options.log)
        self.scenario = Scenario(options.rules)
        self.registry = Registry(options.root, Auth(options), options.tags_page,
                                 options.referrers)
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.connections = 0
        self.tls = tls_context(options) if options.tls else None
        self.listener = socket.create_server((options.address, options.port), backlog=1024)
        self.host = "%s:%d" % self.listener.getsockname()[:2]
        options.self_url = "%s://%s" % ("https" if self.tls else "http", self.host)

    def run(self):
        write_atomically(self.options.port_file, str(self.listener.getsockname()[1]))
        if self.options.never_accept:
            self.stop.wait()
        while not self.stop.is_set():
            try:
                sock, peer = self.listener.accept()
            except OSError:
                break
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock, peer, self.connections), daemon=True).start()

    def end(self, *_):
        self.stop.set()
        self.listener.close()
        os._exit(0)

    def serve(self, sock, peer, number):
        self.log.write("connection", conn=number, peer="%s:%d" % peer[:2])
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self.shake_hands(sock, number)
            if sock is None:
                return
            if hasattr(sock, "cipher") and sock.selected_alpn_protocol() == "h2":
                h2.misbehave(sock, self.options.h2_fault, self.stop)
                return
            with sock.makefile("rb") as reader:
                while self.serve_one(reader, sock, number):
                    pass
        except (Gone, OSError, ValueError):
            pass
        close_gently(sock)

    def shake_hands(self, sock, number):
        if self.options.stall_handshake:
            self.stop.wait()
        if not self.tls:
            return sock
        plain = number > self.options.h2_times or not self.options.h2_fault
        context = tls_context(self.options, plain) if self.options.h2_fault else self.tls
        try:
            return context.wrap_socket(sock, server_side=True)
        except OSError as problem:
            self.log.write("tls_error", conn=number, problem=str(problem))
            sock.close()
            return None

    def serve_one(self, reader, sock, number):
        """Answers one request; False when the connection is to end."""
        request = read_request(reader, sock)
        if request is None:
            return False
        serial = self.log.number()
        self.log_request(request, serial, number)
        if proxy.is_for_proxy(request):
            return proxy.serve(request, sock, reader, self)
        with self.lock:
            rule = self.scenario.find(request)
        action = filled_in(rule.action, self.names(request)) if rule else {}
        wire, status = Wire(sock, self.stop), None
        try:
            response = self.response(request, action)
            status = response.status
            try:
                return wire.transmit(request, response, action)
            finally:
                response.close()
        finally:
            self.log.write("response", n=serial, conn=number, method=request.method,
                           path=request.target, status=status if wire.headers_sent else None,
                           sent=wire.sent, received=request.received,
                           rule=rule.name if rule else None)

    def response(self, request, action):
        response = own_response(action)
        if response is None or action.get("execute"):
            registry_response = self.registry.respond(request, action)
            response = response or registry_response
        for _ in request.body(action.get("read_body")):
            pass
        for name, value in action.get("headers", {}).items():
            response.set(name, value)
        return response

    def names(self, request):
        return {"SELF": self.options.self_url, "HOST": self.host, "OTHER": self.options.other or "",
                "TARGET": request.target, "PATH": request.target.partition("?")[0]}

    def log_request(self, request, serial, number):
        headers = {name.lower(): ", ".join(request.header_all(name)) for name, _ in request.headers}
        self.log.write("request", n=serial, conn=number, method=request.method, path=request.target,
                       headers=headers)
        found = [name for name in SECRETS if name in headers]
        if found and self.options.canary:
            with open(self.options.canary, "a", encoding="utf-8") as file:
                file.write("%s %s: %s\n" % (request.method, request.target, " ".join(found)))


def tls_context(options, plain=True):
    import ssl  # loads slowly, and few need it
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, _, key = options.tls.partition(":")
    context.load_cert_chain(certificate, key or None)
    context.set_alpn_protocols(["http/1.1"] if plain else ["h2", "http/1.1"])
    if options.tls_1_0:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def write_atomically(path, text):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text + "\n")
    os.replace(path + ".new", path)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--referrers", action="store_true", help="has the referrers API")
    add("--root", required=True, help="the layouts, one a repository")
    add("--port-file", required=True, help="gets the port once we listen")
    add("--log")
    add("--rules", help="scenario, see rules.py; read again when it changes")
    add("--address", default="127.0.0.1")
    add("--port", type=int, default=0)
    add("--other", help="URL that @OTHER@ stands for")
    add("--canary", metavar="FILE", help="gets a line for each credential that we ever see")
    add("--tags-page", type=int, help="tags a page where the client does not say")
    add("--auth", choices=["none", "basic", "bearer"], default="none")
    add("--user", action="append", default=[], metavar="NAME:PASSWORD")
    add("--reader", action="append", default=[], metavar="NAME:PASSWORD", help="who may pull alone")
    add("--anonymous", action="store_true", help="bearer: anyone gets a token for pull")
    add("--direct", action="store_true", help="bearer: as ghcr.io, base64 in place of a token")
    add("--private", action="append", default=[], metavar="NAME", help="--direct: not for anyone")
    add("--proxy-to", metavar="HOST:PORT", help="as a proxy, go there whatever is asked for")
    add("--realm", help="bearer: another realm than @SELF@/token")
    add("--service", default="rig")
    add("--token-ttl", type=float, default=300, help="seconds that a token is really taken")
    add("--token-expires-in", type=int, help="what the answer claims; absent if not given")
    add("--refresh-token", help="what the POST form takes")
    add("--tls", metavar="CERT:KEY", help="PEM files")
    add("--tls-1-0", action="store_true", help="nothing newer than TLS 1.0")
    add("--never-accept", action="store_true", help="listen, but never accept")
    add("--stall-handshake", action="store_true", help="accept, then say nothing")
    add("--h2-fault", choices=sorted(h2.FAULTS), help="what HTTP/2 connections get")
    add("--h2-times", type=int, default=1, help="how many connections offer HTTP/2")
    add("--proxy-user", metavar="NAME:PASSWORD", help="as a proxy, ask for this")
    return parser.parse_args()


def main():
    server = Server(parse_options())
    signal.signal(signal.SIGTERM, server.end)
    signal.signal(signal.SIGINT, server.end)
    server.run()


if __name__ == "__main__":
    main()
