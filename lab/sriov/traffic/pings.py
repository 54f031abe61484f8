"""Numbered datagrams and their answers, as ping does with ICMP, in both directions.

  pings.py answer ADDRESS PORT             sends each datagram back
  pings.py send ADDRESS PORT SECONDS       sends one in each interval; prints the number of each answer
"""

import select
import socket
import struct
import sys
import time

NUMBER = struct.Struct("!I")


def answer(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    print("answering", flush=True)
    while True:
        data, sender = sock.recvfrom(2048)
        sock.sendto(data, sender)


def send(address, port, interval):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((address, port))
    number = 0
    due = time.monotonic()
    while True:
        left = due - time.monotonic()
        if left <= 0:
            number += 1
            due += interval
            try:
                sock.send(NUMBER.pack(number))
            except ConnectionRefusedError:
                pass
        elif select.select([sock], [], [], left)[0]:
            try:
                print("answer", NUMBER.unpack(sock.recv(2048))[0], flush=True)
            except ConnectionRefusedError:
                pass


def main():
    what, address, port = sys.argv[1:4]
    if what == "answer":
        answer(address, int(port))
    else:
        send(address, int(port), float(sys.argv[4]))


main()
