"""wire.py - HTTP/1.1 on a socket, well-formed or bent

A Response is what a decent server would say; an action (see rules.py) says how transmit() bends
it.  Nothing of http.server is used, because that cannot be talked into misbehaving.
"""
import base64
import io
import json
import select
import socket
import struct
import urllib.parse

PIECE_BYTES = 1 << 18


class Gone(Exception):
    """The peer has left, or this connection has served its purpose."""


class Request:
    def __init__(self, method, target, version, headers, reader, writer):
        self.method, self.target, self.version = method, target, version
        self.headers = headers
        self.received = 0
        self._reader, self._writer = reader, writer
        self._left = None
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)

    def header(self, name, default=None):
        values = self.header_all(name)
        return values[0] if values else default

    def header_all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def argument(self, name, default=None):
        return self.query.get(name, [default])[0]

    def body(self, limit=None):
        """Yields the body in pieces, at most LIMIT bytes of it."""
        for piece in self._pieces(limit):
            self.received += len(piece)
            yield piece

    def body_bytes(self):
        return b"".join(self.body())

    def _pieces(self, limit):
        if self._left is None:
            self._begin_body()
        while self._left or self._chunked:
            if self._left == 0 and not self._next_chunk():
                return
            want = min(self._left, PIECE_BYTES, PIECE_BYTES if limit is None else limit)
            if want == 0:
                return
            piece = self._reader.read1(want)
            if not piece:
                raise Gone("request body ended early")
            self._left -= len(piece)
            limit = None if limit is None else limit - len(piece)
            yield piece

    def _begin_body(self):
        self._chunked = "chunked" in self.header("transfer-encoding", "").lower()
        self._left = 0 if self._chunked else int(self.header("content-length") or 0)
        if self.header("expect", "").lower() == "100-continue" and (self._left or self._chunked):
            self._writer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _next_chunk(self):
        line = self._reader.readline(1024).strip()
        if not line:  # the line end of the chunk before
            line = self._reader.readline(1024).strip()
        self._left = int(line or b"0", 16)
        if self._left == 0:
            self._chunked = False
            while self._reader.readline(4096).strip():
                pass
        return self._left > 0


def read_request(reader, writer):
    """The next request of this connection, or None at its end."""
    line = reader.readline(1 << 17)
    while line in (b"\r\n", b"\n"):
        line = reader.readline(1 << 17)
    parts = line.decode("latin-1").split()
    if len(parts) != 3:
        return None
    headers = []
    while True:
        line = reader.readline(1 << 17)
        if not line:
            return None
        text = line.decode("latin-1").rstrip("\r\n")
        if not text:
            return Request(*parts, headers, reader, writer)
        name, _, value = text.partition(":")
        headers.append((name, value.strip()))


class Response:
    """Status, headers and a body: bytes, or SIZE bytes of an open FILE from START on."""

    def __init__(self, status, headers=(), body=b"", file=None, start=0, size=None):
        self.status = status
        self.headers = list(headers.items() if isinstance(headers, dict) else headers)
        self.file = file if file is not None else io.BytesIO(body)
        self.start = start
        self.size = size if size is not None else len(body)

    def set(self, name, value):
        """Replaces a header; None takes it away, a list repeats it."""
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        values = value if isinstance(value, list) else [value]
        self.headers += [(name, v) for v in values if v is not None]

    def close(self):
        self.file.close()


class Filler(io.RawIOBase):
    """A body of spaces without end."""

    def seek(self, *_):
        return 0

    def read(self, size=-1):
        return b" " * max(size, 0)


def json_response(status, value, headers=()):
    body = json.dumps(value).encode()
    return Response(status, [("Content-Type", "application/json"), *dict(headers).items()], body)


def error_response(status, code, message, headers=()):
    return json_response(status, {"errors": [{"code": code, "message": message}]}, headers)


def to_bytes(text, b64=None):
    return base64.b64decode(b64) if b64 is not None else text.encode("utf-8", "surrogatepass")


def header_bytes(text):
    try:
        return str(text).encode("latin-1")
    except UnicodeEncodeError:
        return str(text).encode("utf-8", "surrogatepass")


def reset(sock):
    """Close so that the peer sees RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Wire:
    """One connection as a place to send a bent response."""

    def __init__(self, sock, stop):
        self.sock, self.stop = sock, stop
        self.sent = 0
        self.headers_sent = False

    def transmit(self, request, response, action):
        """True if the connection may be used again."""
        self.sent, self.headers_sent = 0, False
        self._wait(action.get("delay_s", 0))
        if "drop" in action:
            return self._leave(action["drop"])
        if "raw" in action or "raw_b64" in action:
            self._send(to_bytes(action.get("raw", ""), action.get("raw_b64")))
            return self._leave(action.get("end", "close"))
        self._send_interim(action.get("interim"))
        self._send(self._head(response, action))
        self.headers_sent = True
        if request.method != "HEAD" and response.status not in (204, 304) or action.get("body_anyway"):
            self._send_body(response, action)
        if "cut_after" in action or "end" in action:
            return self._leave(action.get("end", "close"))
        if request.header("connection", "").lower() == "close" or request.version == "HTTP/1.0":
            return False
        return True

    def _head(self, response, action):
        length = action.get("content_length", response.size)
        if action.get("chunked") or action.get("endless"):
            response.set("Transfer-Encoding", "chunked")
        elif length is not None and response.status not in (204, 304):
            response.headers.insert(0, ("Content-Length", length))
        lines = [b"HTTP/1.1 %d %s" % (response.status, header_bytes(action.get("reason", "-")))]
        lines += [header_bytes(k) + b": " + header_bytes(v) for k, v in response.headers]
        flood = action.get("header_flood", {})
        filler = b"x" * flood.get("bytes", 0)
        lines += [b"X-Flood-%d: %s" % (i, filler) for i in range(flood.get("count", 0))]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def _send_interim(self, interim):
        if interim:
            one = b"HTTP/1.1 %d Wait\r\n\r\n" % interim.get("status", 103)
            for _ in range(interim.get("count", 1)):
                self._send(one)

    def _send_body(self, response, action):
        endless = action.get("endless", False)
        chunked = endless or action.get("chunked", False)
        end = action.get("cut_after", None if endless else response.size)
        if end is not None and not endless:
            end = min(end, response.size)
        response.file.seek(response.start)
        if action.get("stall_after") == 0:
            self._pause(action)
        while end is None or self.sent < end:
            piece = response.file.read(self._piece_size(end, action))
            if not piece:
                break
            self._send_piece(self._flip(piece, action), chunked)
            self._pause(action)
        if chunked and "cut_after" not in action:
            self._send(b"0\r\n\r\n")

    def _piece_size(self, end, action):
        size = max(1, action["rate_bps"] // 10) if "rate_bps" in action else PIECE_BYTES
        if end is not None:
            size = min(size, end - self.sent)
        if self.sent < action.get("stall_after", 0):
            size = min(size, action["stall_after"] - self.sent)
        return size

    def _flip(self, piece, action):
        at = action.get("flip_at", -1) - self.sent
        if not 0 <= at < len(piece):
            return piece
        return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1:]

    def _send_piece(self, piece, chunked):
        self._send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        self.sent += len(piece)

    def _pause(self, action):
        if "rate_bps" in action:
            self._wait(0.1 if action["rate_bps"] >= 10 else 1 / action["rate_bps"])
        if action.get("stall_after") == self.sent:
            self._wait(action.get("stall_s", 3600))

    def _send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as gone:
            raise Gone(str(gone)) from gone

    def _wait(self, seconds):
        """Sleeps, but no longer than the peer stays."""
        while seconds > 0:
            if self.stop.wait(min(seconds, 0.1)) or self._peer_left():
                raise Gone("the peer left during a stall")
            seconds -= 0.1

    def _peer_left(self):
        if hasattr(self.sock, "cipher") or not select.select([self.sock], [], [], 0)[0]:
            return False  # TLS cannot be peeked at
        try:
            return self.sock.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True

    def _leave(self, how):
        if how == "reset":
            reset(self.sock)
        raise Gone(how)


def close_gently(sock):
    """FIN even if the peer is still sending: unread data would turn a close into RST."""
    try:
        sock.settimeout(0.5)
        sock.shutdown(socket.SHUT_WR)
        for _ in range(64):
            if not sock.recv(PIECE_BYTES):
                break
    except OSError:
        pass
    sock.close()
