"""Sends numbered datagrams, several at once (UDP_SEGMENT) or one by one, or prints the numbers of those that arrive.

datagrams.py receive ADDRESS PORT COUNT | send ADDRESS PORT COUNT AT_ONCE
"""
import socket
import struct
import sys

SIZE = 1_000
UDP_SEGMENT = 103
# After the last datagram, for one that arrives twice.
QUIET_SECONDS = 0.5
LONGEST_SECONDS = 10


def receive(address, port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind((address, port))
        print("ready", flush=True)
        numbers = []
        try:
            while True:
                receiver.settimeout(LONGEST_SECONDS if len(numbers) < count else QUIET_SECONDS)
                data = receiver.recv(2 * SIZE)
                assert len(data) == SIZE, len(data)
                numbers.append(struct.unpack_from("!I", data)[0])
        except TimeoutError:
            print("arrived", *numbers, flush=True)


def send(address, port, count, at_once):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((address, port))
        if at_once > 1:
            sender.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, SIZE)
        for first in range(0, count, at_once):
            numbers = range(first, min(first + at_once, count))
            sender.send(b"".join(struct.pack("!I", n).ljust(SIZE, b"\0") for n in numbers))


if sys.argv[1] == "receive":
    receive(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    send(sys.argv[2], *map(int, sys.argv[3:6]))
