"""Collectors of what a bridge exports: sFlow version 5, NetFlow version 5, IPFIX."""

import struct

from receivers import Udp

SFLOW_FLOW_SAMPLE = 1
IPFIX_FIRST_DATA_SET = 256


class Collector(Udp):
    """Sums what the datagrams of an exporter report. Its counts have no ranges."""

    def __init__(self, command):
        self.reported = 0
        super().__init__(command)

    def content(self, data):
        self.reported += self.reports(data)

    def counts(self, _ranges):
        return {"reported": self.reported}


class Sflow(Collector):
    """Counts flow samples (sflow_version_5.txt, section 5)."""

    def reports(self, data):
        address_words = 1 if data[4:8] == b"\0\0\0\x01" else 4
        at = 4 * (2 + address_words + 3)
        samples = struct.unpack_from("!I", data, at)[0]
        at += 4
        found = 0
        for _ in range(samples):
            kind, length = struct.unpack_from("!II", data, at)
            found += kind == SFLOW_FLOW_SAMPLE
            at += 8 + length
        return found


class Netflow(Collector):
    """Sums the packets of flow records."""

    def reports(self, data):
        records = struct.unpack_from("!H", data, 2)[0]
        return sum(struct.unpack_from("!I", data, 24 + 48 * i + 16)[0] for i in range(records))


class Ipfix(Collector):
    """Counts messages with data. Without a cache, the exporter sends one for each packet."""

    def reports(self, data):
        at = 16
        while at + 4 <= len(data):
            kind, length = struct.unpack_from("!HH", data, at)
            if kind >= IPFIX_FIRST_DATA_SET:
                return 1
            if length < 4:
                return 0
            at += length
        return 0


KINDS = {"sflow": Sflow, "netflow": Netflow, "ipfix": Ipfix}
