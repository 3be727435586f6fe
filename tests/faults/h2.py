"""h2.py - just enough HTTP/2 to go wrong: RFC 9113, section 6 (frames) and 7 (error codes)

No header is decoded.  A connection plays one fault; the server lets later connections speak
HTTP/1.1, so that a client which tries again gets its answer.
"""
import struct

HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 1, 3, 4, 6, 7
PROTOCOL_ERROR, REFUSED_STREAM, ENHANCE_YOUR_CALM = 1, 7, 11
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def goaway(stream):
    return frame(GOAWAY, 0, struct.pack(">II", 0, 0))


def goaway_calm(stream):
    return frame(GOAWAY, 0, struct.pack(">II", 0, ENHANCE_YOUR_CALM))


def refused_stream(stream):
    return frame(RST_STREAM, stream, struct.pack(">I", REFUSED_STREAM))


def rst_stream(stream):
    return frame(RST_STREAM, stream, struct.pack(">I", PROTOCOL_ERROR))


def settings_flood(stream):
    return frame(SETTINGS, 0) * 20000


def garbage(stream):
    return b"\xff" * 4096


FAULTS = {"goaway": goaway, "goaway-calm": goaway_calm, "refused-stream": refused_stream,
          "rst-stream": rst_stream, "settings-flood": settings_flood, "garbage": garbage}


def misbehave(sock, fault, stop):
    """Answers every request of one connection with FAULT, until the peer leaves."""
    with sock.makefile("rb") as reader:
        if reader.read(len(PREFACE)) != PREFACE:
            return
        sock.sendall(frame(SETTINGS, 0))
        while not stop.is_set():
            head = reader.read(9)
            if len(head) < 9:
                return
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload, stream = reader.read(size), int.from_bytes(head[5:], "big")
            if kind == SETTINGS and not flags & 1:
                sock.sendall(frame(SETTINGS, 0, flags=1))
            elif kind == PING and not flags & 1:
                sock.sendall(frame(PING, 0, payload, flags=1))
            elif kind == HEADERS:
                sock.sendall(FAULTS[fault](stream))
                if FAULTS[fault] in (goaway, goaway_calm, garbage):
                    return
