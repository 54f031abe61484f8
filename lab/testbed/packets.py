"""Sends and captures raw Ethernet frames on a device, frames as hexadecimal lines.

  packets.py send DEVICE PPS ROUNDS < frames   each round sends every frame once; 0: until SIGTERM
  packets.py capture DEVICE MARKER             prints frames that contain MARKER, until killed
"""

import signal
import socket
import struct
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
AUXDATA = struct.Struct("IIIHHHH")


def send(device, pps, rounds):
    frames = [bytes.fromhex(line) for line in sys.stdin.read().split()]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((device, 0))
    sent = 0
    # Taken between two frames, so that the count is right.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    start = time.monotonic()
    print("sending", flush=True)
    while rounds == 0 or sent < rounds * len(frames):
        ahead = start + sent / pps - time.monotonic()
        if signal.sigtimedwait([signal.SIGTERM], max(ahead, 0)):
            break
        sock.send(frames[sent % len(frames)])
        sent += 1
    print(f"sent {sent}", flush=True)


def capture(device, marker):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((device, ETH_P_ALL))
    print("capturing", flush=True)
    while True:
        frame, ancillary, _, address = sock.recvmsg(65536, 256)
        if address[2] == PACKET_OUTGOING or marker not in frame:
            continue
        for _, kind, data in ancillary:
            if kind == PACKET_AUXDATA:
                frame = with_tag(frame, *AUXDATA.unpack(data[: AUXDATA.size]))
        print(frame.hex(), flush=True)


def with_tag(frame, status, _len, _snaplen, _mac, _net, tci, tpid):
    """The frame as it was on the wire: the kernel moves the outer VLAN tag aside."""
    if not status & TP_STATUS_VLAN_VALID:
        return frame
    if not status & TP_STATUS_VLAN_TPID_VALID:
        tpid = 0x8100
    return frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if sys.argv[1] == "send":
    send(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
else:
    capture(sys.argv[2], bytes.fromhex(sys.argv[3]))
