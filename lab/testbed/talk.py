"""Two ends of a connection that exchange small messages.

  talk.py serve tcp|udp ADDRESS PORT            answers what it gets; udp: only after SIGUSR1
  talk.py talk tcp|udp|icmp SOURCE ADDRESS PORT sends a message every 50 ms until killed
  talk.py short tcp SOURCE ADDRESS PORT RATE BYTES
      opens so many connections a second, sends so many bytes on each, and reads as many

Both print a line when they are ready: `serving`, and `talking SOURCEPORT` (icmp: the identifier).
"""

import os
import signal
import socket
import struct
import sys
import threading
import time

PERIOD = 0.05
MESSAGE = b"norikae!" * 8


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve_tcp(address, port):
    server = socket.create_server((address, port), family=family_of(address))
    print("serving", flush=True)
    while True:
        one, _ = server.accept()
        # A thread, which ends with the process: a connection can be broken without a sign.
        threading.Thread(target=answer, args=(one,), daemon=True).start()


def answer(one):
    with one:
        try:
            while data := one.recv(65536):
                one.sendall(data)
        except OSError:
            return


def serve_udp(address, port):
    answers = []
    signal.signal(signal.SIGUSR1, lambda *_: answers.append(True))
    sock = socket.socket(family_of(address), socket.SOCK_DGRAM)
    sock.bind((address, port))
    print("serving", flush=True)
    while True:
        data, sender = sock.recvfrom(65536)
        if answers:
            sock.sendto(data, sender)


def talk(kind, source, address, port):
    sock = socket.socket(family_of(address), socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    sock.settimeout(10)
    sock.bind((source, 0))
    sock.connect((address, port))
    print("talking", sock.getsockname()[1], flush=True)
    sock.setblocking(False)
    while True:
        for step in (lambda: sock.send(MESSAGE), lambda: sock.recv(65536)):
            try:
                step()
            except BlockingIOError:
                pass
            except ConnectionRefusedError:
                pass
        time.sleep(PERIOD)


def short(source, address, port, rate, size):
    message = bytes(size)
    print("talking", 0, flush=True)
    start = time.monotonic()
    done = 0
    while True:
        ahead = start + done / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        done += 1
        try:
            with socket.create_connection((address, port), 1, (source, 0)) as sock:
                sock.sendall(message)
                left = size
                while left > 0 and (data := sock.recv(left)):
                    left -= len(data)
        except OSError:
            # The network may refuse it meanwhile.
            continue


def talk_icmp(source, address):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.bind((source, 0))
    identifier = os.getpid() & 0xFFFF
    print("talking", identifier, flush=True)
    sequence = 0
    while True:
        sock.sendto(echo_request(identifier, sequence), (address, 0))
        sequence = (sequence + 1) & 0xFFFF
        time.sleep(PERIOD)


def echo_request(identifier, sequence):
    packet = struct.pack("!BBHHH", 8, 0, 0, identifier, sequence) + MESSAGE
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return packet[:2] + struct.pack("!H", ~total & 0xFFFF) + packet[4:]


def main(command, kind, *where):
    if command == "serve":
        (serve_tcp if kind == "tcp" else serve_udp)(where[0], int(where[1]))
    elif command == "short":
        short(where[0], where[1], int(where[2]), float(where[3]), int(where[4]))
    elif kind == "icmp":
        talk_icmp(where[0], where[1])
    else:
        talk(kind, where[0], where[1], int(where[2]))


main(*sys.argv[1:])
