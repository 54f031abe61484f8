"""Checksums that the kernel of a receiver verifies, for protocols that this kernel lacks."""

import struct


def internet(data):
    """The Internet checksum (RFC 1071) of `data`; 0 when it includes a correct one."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_in_ipv4(packet):
    """The payload of the UDP datagram in an IPv4 packet, or None: a checksum is wrong."""
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != 17:
        return None
    header = (packet[0] & 15) * 4
    segment = packet[header : struct.unpack_from("!H", packet, 2)[0]]
    pseudo = packet[12:20] + struct.pack("!HH", 17, len(segment))
    if internet(packet[:header]) != 0:
        return None
    if segment[6:8] != b"\0\0" and internet(pseudo + segment) != 0:
        return None
    return segment[8:]


def tcp_behind_routing(packet):
    """The TCP segment behind the routing header of an IPv6 packet, or None: its checksum is wrong."""
    routing = packet[40:]
    if len(routing) < 24 or routing[0] != 6:
        return None
    segment = routing[(routing[1] + 1) * 8 : struct.unpack_from("!H", packet, 4)[0]]
    # The pseudo header has the final destination: the segment that the header lists first.
    pseudo = packet[8:24] + routing[8:24] + struct.pack("!II", len(segment), 6)
    return segment if internet(pseudo + segment) == 0 else None


def _table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC32C = _table()


def crc32c(data):
    """CRC32c (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sctp_chunk(packet):
    """What follows the common header of an SCTP packet, or None: the checksum is wrong."""
    if len(packet) < 12:
        return None
    zeroed = packet[:8] + bytes(4) + packet[12:]
    return packet[12:] if crc32c(zeroed) == struct.unpack_from("<I", packet, 8)[0] else None
