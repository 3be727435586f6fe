#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lying_helper.py unpack|check: ocifp-layer as a layer would have it that took it over

It puts a file "poison" into the tree that it is to fill, or takes whatever it is to check, and says
that all is as it should be.
"""
import array
import os
import socket
import struct
import sys

LAYER, ITEM, RESULT = 4, 5, 6
CHANNEL_FD, TREE_FD = 3, 4
LIE = b"sha256:" + b"0" * 64

channel = socket.socket(fileno=CHANNEL_FD)


def receive():
    kind, size = struct.unpack("II", channel.recv(8, socket.MSG_WAITALL))
    return kind, channel.recv(size, socket.MSG_WAITALL) if size else b""


def receive_fd():
    _, parts, _, _ = channel.recvmsg(1, socket.CMSG_SPACE(4))
    return array.array("i", parts[0][2])[0]


def send(kind, payload=b""):
    channel.sendall(struct.pack("II", kind, len(payload)) + payload)


receive()
receive()
layer_fd = receive_fd()
if sys.argv[1] == "unpack":
    os.close(os.open("poison", os.O_CREAT | os.O_WRONLY, dir_fd=TREE_FD))
    send(ITEM, struct.pack("2Q", 0, 0))
    send(RESULT, struct.pack("5Q", 1, 0, 0, 0, 0))
else:
    while os.read(layer_fd, 65536):
        pass
    send(RESULT, struct.pack("Q", len(LIE)) + LIE + b"\0" + struct.pack("Q", 1))
