"""Inserts receive filters of a NIC, as `ethtool -N DEVICE flow-type udp4 ... vf VF` does, one by one.

  filters.py DEVICE VF < filters

Reads a filter a line, `SOURCE DESTINATION SOURCE-PORT DESTINATION-PORT`, and prints a line for each:
its location, or the name of the error. One process for all of them: an emulated processor starts
eight a second.
"""

import ctypes
import errno
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
ETHTOOL_SRXCLSRLINS = 0x32
UDP_V4_FLOW = 2
RX_CLS_LOC_ANY = 0xFFFFFFFF

# struct ethtool_rxnfc: cmd, flow_type, data; fs: flow_type, h_u (52 bytes), h_ext (20), m_u (52),
# m_ext (20), ring_cookie, location; rule_cnt.
TUPLE = struct.Struct("!4s4sHH40x20x")
HEAD = struct.Struct("<IIQI")
TAIL = struct.Struct("<4xQI4xI4x")
LOCATION_AT = HEAD.size + 2 * TUPLE.size + 4 + 8


def insert(sock, device, vf, line):
    source, destination, source_port, destination_port = line.split()
    value = TUPLE.pack(
        socket.inet_aton(source),
        socket.inet_aton(destination),
        int(source_port),
        int(destination_port),
    )
    mask = TUPLE.pack(b"\xff" * 4, b"\xff" * 4, 0xFFFF, 0xFFFF)
    head = HEAD.pack(ETHTOOL_SRXCLSRLINS, UDP_V4_FLOW, 0, UDP_V4_FLOW)
    # The ring's number counts virtual functions from 1; 0 is the NIC's own.
    tail = TAIL.pack((vf + 1) << 32, RX_CLS_LOC_ANY, 0)
    command = ctypes.create_string_buffer(head + value + mask + tail)
    request = struct.pack("16sP16x", device.encode(), ctypes.addressof(command))
    try:
        fcntl.ioctl(sock, SIOCETHTOOL, request)
    except OSError as error:
        return errno.errorcode[error.errno]
    return struct.unpack_from("<I", command, LOCATION_AT)[0]


def main():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for line in sys.stdin:
        print(insert(sock, sys.argv[1], int(sys.argv[2]), line))


main()
