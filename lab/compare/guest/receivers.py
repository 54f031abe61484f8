"""Receivers: sockets that log the sequence numbers of what arrives."""

import socket
import struct
import threading

from checksums import sctp_chunk, tcp_behind_routing, udp_in_ipv4
from numbered import Log, count, payload

SO_RCVBUFFORCE = 33
BUFFER = 16 << 20
ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_CSUMNOTREADY = 1 << 3
IPV6_ROUTING = 43


class Receiver:
    """Reads a socket in a thread until it is closed."""

    def __init__(self, sock):
        self.log = Log()
        self.sock = sock
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                self.read()
            except OSError:
                return

    def read(self):
        data = self.sock.recv(65536)
        content = self.content(data)
        if content is not None:
            self.log.add(content)

    def content(self, data):
        return data

    def counts(self, ranges):
        return self.log.counts(ranges)

    def close(self):
        # Wakes the thread; a datagram socket that is not connected reports an error as well.
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


def family_of(command):
    return socket.AF_INET6 if ":" in command["address"] else socket.AF_INET


class Udp(Receiver):
    """A UDP socket; `group`: joins the IPv4 multicast group."""

    def __init__(self, command):
        sock = socket.socket(family_of(command), socket.SOCK_DGRAM)
        sock.bind((command.get("group", command["address"]), command["port"]))
        if "group" in command:
            member = socket.inet_aton(command["group"]) + socket.inet_aton(command["address"])
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        super().__init__(sock)


class Raw(Receiver):
    """A raw IPv4 socket, for protocols that this kernel lacks. Verifies what their code would."""

    DECODE = {
        132: sctp_chunk,
        4: udp_in_ipv4,
        # GRE without options (RFC 2784), with an IPv4 packet in it.
        47: lambda packet: udp_in_ipv4(packet[4:]) if packet[:4] == b"\0\0\x08\0" else None,
    }

    def __init__(self, command):
        self.decode = self.DECODE[command["protocol"]]
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, command["protocol"])
        sock.bind((command["address"], 0))
        super().__init__(sock)

    def content(self, data):
        return self.decode(data[(data[0] & 15) * 4 :])


class Frames(Receiver):
    """A packet socket on eth0, for frames with a marker.

    `protocol`: takes IPv4 packets of it, or IPv6 packets with it as their first header, and verifies
    their checksums as its code in the kernel would, which does not verify what the sender left to a
    device and no device has completed.
    """

    def __init__(self, command):
        self.protocol = command.get("protocol")
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        sock.bind(("eth0", ETH_P_ALL))
        super().__init__(sock)

    def read(self):
        data, ancillary, _, sender = self.sock.recvmsg(65536, 256)
        if sender[2] == PACKET_OUTGOING:
            return
        status = struct.unpack_from("I", ancillary[0][2])[0] if ancillary else 0
        content = data if self.protocol is None else self.inside(data, status)
        if content is not None:
            self.log.add(content)

    def inside(self, frame, status):
        packet = frame[14:]
        if packet[9 if packet[0] >> 4 == 4 else 6] != self.protocol:
            return None
        if status & TP_STATUS_CSUMNOTREADY:
            return packet
        if self.protocol == IPV6_ROUTING:
            return tcp_behind_routing(packet)
        return Raw.DECODE[self.protocol](packet[(packet[0] & 15) * 4 :])


class Tcp:
    """A TCP listener. Counts whole chunks of `size` bytes, which are numbered from 0."""

    def __init__(self, command):
        self.size = command["size"]
        self.lock = threading.Lock()
        self.received = 0
        self.corrupt = []
        self.rest = b""
        self.sock = socket.socket(family_of(command), socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((command["address"], command["port"]))
        self.sock.listen(1)
        self.connection = None
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            self.connection, _ = self.sock.accept()
            while True:
                data = self.connection.recv(1 << 18)
                if not data:
                    return
                self.add(data)
        except OSError:
            return

    def add(self, data):
        data = self.rest + data
        with self.lock:
            while len(data) >= self.size:
                if data[: self.size] != payload(self.received, self.size):
                    self.corrupt.append(self.received)
                self.received += 1
                data = data[self.size :]
        self.rest = data

    def counts(self, ranges):
        with self.lock:
            arrived, corrupt = list(range(self.received)), list(self.corrupt)
        return [count(arrived, corrupt, first, end) for first, end in ranges]

    def close(self):
        for sock in (self.sock, self.connection):
            if sock is None:
                continue
            # A reset: nothing is sent again after the end of a case.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


KINDS = {"udp": Udp, "raw": Raw, "frames": Frames, "tcp": Tcp}
