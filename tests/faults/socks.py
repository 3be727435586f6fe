"""socks.py PORT_FILE - a SOCKS 5 proxy without passwords, RFC 1928: CONNECT alone

Says "to HOST:PORT" for each connection; it leads to that port of loopback, whatever the host.
"""
import os
import socket
import sys
import threading

import proxy


class Endless:
    @staticmethod
    def is_set():
        return False


def target(reader):
    """HOST and PORT of the one request, behind the greeting."""
    _, _, _, kind = reader.read(4)
    size = {1: 4, 4: 16}.get(kind) or reader.read(1)[0]
    name = reader.read(size)
    host = socket.inet_ntoa(name) if kind == 1 else name.decode("latin-1")
    return host, int.from_bytes(reader.read(2), "big")


def serve(sock):
    with sock, sock.makefile("rb", 0) as reader:
        reader.read(reader.read(2)[1])
        sock.sendall(b"\5\0")
        host, port = target(reader)
        print("to %s:%d" % (host, port), flush=True)
        with socket.create_connection(("127.0.0.1", port), 5) as other:
            sock.sendall(b"\5\0\0\1" + bytes(6))
            proxy.pump(sock, other, Endless)


def main():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with open(sys.argv[1] + ".new", "w", encoding="ascii") as file:
            file.write("%d\n" % server.getsockname()[1])
        os.replace(sys.argv[1] + ".new", sys.argv[1])
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
