"""Sends the traffic of a scene, and watches which packets of its probes come to the vSwitch.

  traffic.py < scene

The scene is one JSON object: `device`, which sends; `watched`, the device of the vSwitch that gets what the NIC
does not carry; `durationMs`; and `flows`, each with `frame` (hexadecimal), `offset` (when it sends first, as a
part of its first interval), `steps` (pairs of a time in ms and a rate in packets/s from then on) and `isProbe`.
Prints one JSON object: `sentPackets` of each flow; `latestMs`, the longest time by which a packet was late; and
`reactionMs` of each probe, from its first packet to the first that did not come to the vSwitch, or null.
"""

import ctypes
import heapq
import json
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
PACKET_OUTGOING = 4
# Frames are numbered behind the Ethernet, IPv4 and UDP headers.
UDP_PORT_AT = 36
NUMBER_AT = 42
NUMBER = struct.Struct("!I")
WATCH_SECONDS = 0.02
# For the last packets to arrive.
REST_SECONDS = 0.5


class Flow:
    """A flow, and the times at which it sends."""

    def __init__(self, flow):
        self.frame = bytearray.fromhex(flow["frame"])
        self.steps = [(ms / 1000, rate) for ms, rate in flow["steps"]]
        self.offset = flow["offset"]
        self.sent = 0
        # Of probes: when each packet was sent, and the numbers of those that came to the vSwitch.
        self.times = [] if flow["isProbe"] else None
        self.seen = set()

    def after(self, at):
        """When it sends next, after a packet at `at` (None: its first); None when it has ended."""
        last = self.steps[0][0] if at is None else at
        part = self.offset if at is None else 1
        for n, (_, rate) in enumerate(self.steps):
            end = self.steps[n + 1][0] if n + 1 < len(self.steps) else float("inf")
            if last >= end:
                continue
            if rate > 0 and last + part / rate < end:
                return last + part / rate
            # What is left of the interval passes at the next step's rate.
            part -= (end - last) * rate
            last = end
        return None

    def send(self, sock, now):
        if self.times is not None:
            NUMBER.pack_into(self.frame, NUMBER_AT, self.sent)
            self.times.append(now)
        sock.send(self.frame)
        self.sent += 1

    def reaction(self):
        """ms from the first packet to the first that did not come to the vSwitch; None without one."""
        for number, at in enumerate(self.times):
            if number not in self.seen:
                return (at - self.times[0]) * 1000
        return None


class Watch:
    """Takes note of the probes' packets that come to the vSwitch."""

    def __init__(self, device, probes):
        self.probes = {struct.unpack_from("!H", flow.frame, UDP_PORT_AT)[0]: flow for flow in probes}
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        # ldh [36]; jge FIRST, accept; ret 0; ret 64
        first = min(self.probes, default=0xFFFF)
        program = [(0x28, 0, 0, UDP_PORT_AT), (0x35, 1, 0, first), (0x06, 0, 0, 0), (0x06, 0, 0, 64)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
        fprog = struct.pack("HP", len(program), ctypes.addressof(code))
        self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, fprog)
        self.sock.bind((device, ETH_P_ALL))

    def read(self):
        while True:
            try:
                frame, address = self.sock.recvfrom(64)
            except BlockingIOError:
                return
            flow = self.probes.get(struct.unpack_from("!H", frame, UDP_PORT_AT)[0])
            if flow is not None and address[2] != PACKET_OUTGOING:
                flow.seen.add(NUMBER.unpack_from(frame, NUMBER_AT)[0])


def send_all(scene, flows, watch):
    """Sends in the order of the schedule; returns the longest time by which a packet was late."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((scene["device"], 0))
    due = [(flow.after(None), n) for n, flow in enumerate(flows)]
    queue = [entry for entry in due if entry[0] is not None]
    heapq.heapify(queue)
    duration = scene["durationMs"] / 1000
    latest = 0
    watch_at = 0
    start = time.monotonic()
    while queue and queue[0][0] < duration:
        now = time.monotonic() - start
        if now >= watch_at:
            watch.read()
            watch_at = now + WATCH_SECONDS
        at, n = queue[0]
        if at > now:
            time.sleep(min(at - now, WATCH_SECONDS))
            continue
        latest = max(latest, now - at)
        flows[n].send(sock, now)
        following = flows[n].after(at)
        if following is None:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (following, n))
    time.sleep(REST_SECONDS)
    watch.read()
    return latest


def main():
    scene = json.load(sys.stdin)
    flows = [Flow(flow) for flow in scene["flows"]]
    probes = [flow for flow in flows if flow.times is not None]
    latest = send_all(scene, flows, Watch(scene["watched"], probes))
    report = {
        "sentPackets": [flow.sent for flow in flows],
        "latestMs": latest * 1000,
        "reactionMs": [probe.reaction() for probe in probes],
    }
    print(json.dumps(report))


main()
