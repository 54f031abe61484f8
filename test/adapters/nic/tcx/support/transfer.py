"""Sends data through a TCP connection, or receives it: prints its length and SHA-256.

transfer.py receive ADDRESS PORT [BYTES] | send ADDRESS PORT BYTES
"""
import array
import fcntl
import hashlib
import random
import socket
import sys
import termios
import time

CHUNK = 1 << 20


def report(length, digest):
    print(length, digest.hexdigest(), flush=True)


def receive(address, port, most):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        server.settimeout(20)
        print("ready", flush=True)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            digest, length = hashlib.sha256(), 0
            while length < most and (data := connection.recv(CHUNK)):
                digest.update(data)
                length += len(data)
            report(length, digest)


def send(address, port, length):
    with socket.create_connection((address, port), timeout=20) as connection:
        digest, left, data = hashlib.sha256(), length, random.Random(1).randbytes(CHUNK)
        while left > 0:
            part = data[:left]
            connection.sendall(part)
            digest.update(part)
            left -= len(part)
        wait_until_acknowledged(connection)
        report(length, digest)


def wait_until_acknowledged(connection):
    """The last segment must not end the connection, too: entries leave that to the vSwitch."""
    unacknowledged = array.array("i", [0])
    end = time.monotonic() + 20
    while time.monotonic() < end:
        fcntl.ioctl(connection, termios.TIOCOUTQ, unacknowledged)
        if unacknowledged[0] == 0:
            return
        time.sleep(0.005)
    raise TimeoutError(f"{unacknowledged[0]} bytes were not acknowledged")


if sys.argv[1] == "receive":
    receive(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else sys.maxsize)
else:
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
