#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dns_server.py: a name server on port 53 of 127.0.0.1, UDP and TCP

big.corp.test has 60 addresses, which do not fit into 512 bytes, so its answer over UDP is cut;
six.corp.test has an IPv6 address alone, short.corp.test one of IPv4.  No other name exists.
Each question is a line on stdout: udp|tcp NAME TYPE.
"""
import socket
import struct
import threading

A, AAAA = 1, 28
RECORDS = {
    ("big.corp.test", A): ["127.0.0.%d" % n for n in range(1, 61)],
    ("six.corp.test", AAAA): ["::1"],
    ("short.corp.test", A): ["127.0.0.1"],
}
NAMES = {name for name, _ in RECORDS}
CUT, RESPONSE, NO_SUCH_NAME = 0x0200, 0x8180, 3


def read_question(query):
    """The name, its type, and the bytes of the question."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += query[at] + 1
    kind, = struct.unpack(">H", query[at + 1:at + 3])
    return ".".join(labels).lower(), kind, query[12:at + 5]


def record(kind, address):
    packed = socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, address)
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(packed)) + packed


def answer(query, protocol):
    name, kind, question = read_question(query)
    print(protocol, name, kind, flush=True)
    records = [record(kind, address) for address in RECORDS.get((name, kind), [])]
    flags = RESPONSE | (0 if name in NAMES else NO_SUCH_NAME)
    if protocol == "udp" and 12 + len(question) + sum(map(len, records)) > 512:
        records, flags = [], flags | CUT
    return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)


def serve_tcp(server):
    while True:
        peer, _ = server.accept()
        with peer:
            size, = struct.unpack(">H", peer.recv(2))
            reply = answer(peer.recv(size), "tcp")
            peer.sendall(struct.pack(">H", len(reply)) + reply)


def main():
    tcp = socket.create_server(("127.0.0.1", 53))
    threading.Thread(target=serve_tcp, args=(tcp,), daemon=True).start()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 53))
    print("ready", flush=True)
    while True:
        query, peer = udp.recvfrom(4096)
        udp.sendto(answer(query, "udp"), peer)


main()
