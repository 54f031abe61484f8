"""The payload of test packets: a marker, a sequence number, and bytes that follow from it."""

import struct
import threading

MARKER = bytes.fromhex("6e6f72696b616521")
HEADER = len(MARKER) + 4


def payload(sequence, size):
    """A payload of `size` bytes, at least 12."""
    head = MARKER + struct.pack("!I", sequence)
    return head + bytes([sequence & 0xFF]) * (size - len(head))


def sequence_of(data):
    """The sequence number in `data`, or None: no marker."""
    at = data.find(MARKER)
    if at == -1 or len(data) < at + HEADER:
        return None
    return struct.unpack_from("!I", data, at + len(MARKER))[0]


def is_intact(data, sequence):
    """Whether the bytes from the marker on are those of `payload`."""
    at = data.find(MARKER)
    return data[at:] == payload(sequence, len(data) - at)


class Log:
    """Sequence numbers in the order of arrival."""

    def __init__(self):
        self.lock = threading.Lock()
        self.arrived = []
        self.corrupt = []

    def add(self, data):
        sequence = sequence_of(data)
        if sequence is None:
            return
        with self.lock:
            if is_intact(data, sequence):
                self.arrived.append(sequence)
            else:
                self.corrupt.append(sequence)

    def counts(self, ranges):
        with self.lock:
            arrived, corrupt = list(self.arrived), list(self.corrupt)
        return [count(arrived, corrupt, first, end) for first, end in ranges]


def count(arrived, corrupt, first, end):
    ours = [sequence for sequence in arrived if first <= sequence < end]
    seen = set()
    highest = -1
    late = 0
    for sequence in ours:
        if sequence < highest and sequence not in seen:
            late += 1
        highest = max(highest, sequence)
        seen.add(sequence)
    return {
        "received": len(seen),
        "duplicates": len(ours) - len(seen),
        "late": late,
        "corrupt": sum(1 for sequence in corrupt if first <= sequence < end),
    }
