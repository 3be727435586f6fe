"""proxy.py - the server as a forward proxy: CONNECT, and requests with an absolute target"""
import base64
import re
import select
import socket

from wire import Gone, Response, Wire

ABSOLUTE = re.compile(r"http://([^/]+)(/.*)?$")


def is_for_proxy(request):
    return request.method == "CONNECT" or ABSOLUTE.match(request.target) is not None


def serve(request, sock, reader, server):
    """Answers REQUEST as a proxy; the connection ends with it.  Rules apply here too."""
    with server.lock:
        rule = server.scenario.find(request)
    if rule:
        Wire(sock, server.stop).transmit(request, server.response(request, rule.action), rule.action)
        raise Gone("bent by a rule")
    if not is_allowed(request, server.options.proxy_user):
        challenge = {"Proxy-Authenticate": 'Basic realm="proxy"'}
        return Wire(sock, server.stop).transmit(request, Response(407, challenge), {})
    with connect(request, server.options.proxy_to) as other:
        if request.method == "CONNECT":
            sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            other.sendall(forwarded(request))
        pump(sock, other, server.stop)
    raise Gone("proxied")


def is_allowed(request, user):
    if user is None:
        return True
    kind, _, value = request.header("proxy-authorization", "").partition(" ")
    return kind.lower() == "basic" and base64.b64decode(value).decode("latin-1") == user


def connect(request, always):
    """To loopback alone, whatever name was asked for: the name's port decides."""
    if always:
        host, _, port = always.rpartition(":")
        return socket.create_connection((host, int(port)), 5)
    where = request.target if request.method == "CONNECT" else ABSOLUTE.match(request.target)[1]
    port = int(where.rpartition(":")[2]) if ":" in where else 80
    host = where.rpartition(":")[0]
    return socket.create_connection((host if host.startswith("127.") else "127.0.0.1", port), 5)


def forwarded(request):
    path = ABSOLUTE.match(request.target)[2] or "/"
    lines = ["%s %s HTTP/1.1" % (request.method, path), "Connection: close"]
    lines += ["%s: %s" % (name, value) for name, value in request.headers
              if name.lower() not in ("connection", "proxy-connection", "proxy-authorization")]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + request.body_bytes()


def pump(one, other, stop):
    while not stop.is_set():
        for source in select.select([one, other], [], [], 0.2)[0]:
            data = source.recv(1 << 16)
            if not data:
                return
            (other if source is one else one).sendall(data)
