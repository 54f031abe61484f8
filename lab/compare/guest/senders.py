"""Senders: numbered packets at a steady rate."""

import os
import socket
import struct
import threading
import time

from checksums import internet
from numbered import Log, payload

SOL_PACKET = 263
PACKET_VNET_HDR = 15
VIRTIO_NET_HDR_F_NEEDS_CSUM = 1
SYN, RST, PSH, ACK = 2, 4, 8, 16


def paced(command):
    """The sequence numbers of a command, each when it is due."""
    start = time.monotonic()
    for i in range(command["count"]):
        ahead = start + i / command["rate"] - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        yield command["first"] + i


def family_of(command):
    return socket.AF_INET6 if ":" in command["target"] else socket.AF_INET


class Udp:
    """A UDP socket. `options`: IPv4 options, in hex. `group`: sends by eth0's `address`."""

    def __init__(self, command):
        self.sock = socket.socket(family_of(command), socket.SOCK_DGRAM)
        if command.get("options"):
            options = bytes.fromhex(command["options"])
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, options)
        if command.get("multicastFrom"):
            device = socket.inet_aton(command["multicastFrom"])
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, device)
        self.target = (command["target"], command["port"])
        self.size = command["size"]

    def send(self, command):
        for sequence in paced(command):
            self.sock.sendto(payload(sequence, self.size), self.target)

    def close(self):
        self.sock.close()


class Tcp:
    """A TCP connection. What its buffer does not take within a second is not sent."""

    def __init__(self, command):
        self.size = command["size"]
        self.sock = socket.create_connection((command["target"], command["port"]), timeout=2)
        self.sock.settimeout(1)

    def send(self, command):
        for sequence in paced(command):
            try:
                self.sock.sendall(payload(sequence, self.size))
            except OSError:
                return

    def close(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Echo:
    """ICMP echo requests; counts the replies of the receiver's kernel."""

    def __init__(self, command):
        self.log = Log()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.target = (command["target"], 0)
        self.size = command["size"]
        self.identifier = command["port"]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                packet = self.sock.recv(65536)
            except OSError:
                return
            message = packet[(packet[0] & 15) * 4 :]
            kind, _, _, identifier = struct.unpack_from("!BBHH", message)
            if kind == 0 and identifier == self.identifier and internet(message) == 0:
                self.log.add(message)

    def send(self, command):
        for sequence in paced(command):
            data = payload(sequence, self.size)
            head = struct.pack("!BBHHH", 8, 0, 0, self.identifier, sequence & 0xFFFF)
            checksum = internet(head + data)
            head = struct.pack("!BBHHH", 8, 0, checksum, self.identifier, sequence & 0xFFFF)
            self.sock.sendto(head + data, self.target)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Frames:
    """Given frames, in hex. `checksum`: [start, offset] of one that is left to the device."""

    def __init__(self, command):
        self.head = b""
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        if command.get("checksum"):
            self.sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            start, offset = command["checksum"]
            flags = VIRTIO_NET_HDR_F_NEEDS_CSUM
            self.head = struct.pack("<BBHHHH", flags, 0, 0, 0, start, offset)
        self.sock.bind(("eth0", 0))

    def send(self, command):
        frames = [self.head + bytes.fromhex(frame) for frame in command["frames"]]
        for sequence in paced(command):
            self.sock.send(frames[sequence - command["first"]])

    def close(self):
        self.sock.close()


class TcpFrames:
    """A TCP connection whose segments have complete checksums, as a router forwards them.

    It sends a chunk a segment and nothing twice: what is lost, and all that follows, is missing, and so
    is what the socket does not take in time because a queue on the way is full.
    """

    def __init__(self, command):
        self.size = command["size"]
        self.port = 20000 + command["port"] % 40000
        self.target = (command["target"], command["port"])
        self.source = command["source"]
        self.macs = bytes.fromhex(command["dstMac"]) + bytes.fromhex(command["srcMac"])
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.sock.bind(("eth0", 0x0800))
        self.sock.settimeout(0.2)
        self.sequence = int.from_bytes(os.urandom(3), "big")
        self.acknowledged = 0
        self.connect()

    def connect(self):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            self.segment(SYN, b"")
            answer = self.synack(time.monotonic() + 0.3)
            if answer is not None:
                self.sequence += 1
                self.acknowledged = answer + 1
                self.segment(ACK, b"")
                return
        raise TimeoutError("no SYN-ACK")

    def synack(self, until):
        while time.monotonic() < until:
            try:
                frame = self.sock.recv(65536)
            except TimeoutError:
                return None
            packet = frame[14:]
            header = (packet[0] & 15) * 4
            if packet[9] != 6 or packet[16:20] != socket.inet_aton(self.source):
                continue
            sport, dport, sequence, _, _, flags = struct.unpack_from("!HHIIBB", packet, header)
            if (sport, dport) == (self.target[1], self.port) and flags & (SYN | ACK) == SYN | ACK:
                return sequence
        return None

    def segment(self, flags, data):
        head = struct.pack(
            "!HHIIBBHHH",
            self.port,
            self.target[1],
            self.sequence & 0xFFFFFFFF,
            self.acknowledged & 0xFFFFFFFF,
            5 << 4,
            flags,
            0xFFFF,
            0,
            0,
        )
        ends = socket.inet_aton(self.source) + socket.inet_aton(self.target[0])
        pseudo = ends + struct.pack("!HH", 6, len(head) + len(data))
        checksum = internet(pseudo + head + data)
        tcp = head[:16] + struct.pack("!H", checksum) + head[18:] + data
        total = 20 + len(tcp)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, total, self.sequence & 0xFFFF, 0, 64, 6, 0) + ends
        ip = ip[:10] + struct.pack("!H", internet(ip)) + ip[12:]
        self.sock.send(self.macs + b"\x08\0" + ip + tcp)
        self.sequence += len(data)

    def send(self, command):
        for sequence in paced(command):
            try:
                self.segment(PSH | ACK, payload(sequence, self.size))
            except TimeoutError:
                return

    def close(self):
        try:
            self.segment(RST | ACK, b"")
        except TimeoutError:
            pass
        self.sock.close()


KINDS = {"udp": Udp, "tcp": Tcp, "echo": Echo, "frames": Frames, "tcpFrames": TcpFrames}
