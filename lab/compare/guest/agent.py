"""Sends and receives numbered packets in one network namespace, on commands.

  agent.py SOCKET

Serves one connection on a Unix socket. A command is a line of JSON with `id` and `op`; its answer
has the same `id` and the result, or `error`. Commands run in parallel.
"""

import json
import os
import socket
import sys
import threading

import collectors
import receivers
import senders


class Agent:
    def __init__(self, connection):
        self.connection = connection
        self.lock = threading.Lock()
        self.receivers = {}
        self.senders = {}

    def serve(self):
        for line in self.connection.makefile("r"):
            threading.Thread(target=self.answer, args=(json.loads(line),), daemon=True).start()

    def answer(self, command):
        reply = {"id": command["id"]}
        try:
            reply["result"] = getattr(self, "op_" + command["op"])(command)
        except Exception as error:  # The caller gets every failure.
            reply["error"] = f"{type(error).__name__}: {error}"
        with self.lock:
            self.connection.sendall((json.dumps(reply) + "\n").encode())

    def op_open(self, command):
        """Opens a receiver; it counts until it is closed."""
        kinds = {**receivers.KINDS, **collectors.KINDS}
        self.receivers[command["stream"]] = kinds[command["kind"]](command)

    def op_counts(self, command):
        """Counts of a receiver, for each range of sequence numbers [first, end)."""
        return self.receivers[command["stream"]].counts(command["ranges"])

    def op_send(self, command):
        """Sends packets; ends when the last one is sent. A sender keeps its connection."""
        stream = command["stream"]
        if stream not in self.senders:
            self.senders[stream] = senders.KINDS[command["kind"]](command)
        return self.senders[stream].send(command)

    def op_replies(self, command):
        """Counts of a sender that counts replies."""
        return self.senders[command["stream"]].log.counts(command["ranges"])

    def op_close(self, command):
        """Closes the receiver and the sender of a stream, if there are any."""
        for those in (self.receivers, self.senders):
            one = those.pop(command["stream"], None)
            if one is not None:
                one.close()

    def op_errors(self, _command):
        """Checksum errors that the kernel counted, over all protocols."""
        return {"checksums": checksum_errors()}


def checksum_errors():
    total = 0
    with open("/proc/net/snmp") as file:
        lines = file.read().splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        pairs = zip(names.split(), values.split())
        total += sum(int(value) for name, value in pairs if name == "InCsumErrors")
    with open("/proc/net/snmp6") as file:
        for line in file:
            name, value = line.split()
            if name.endswith("InCsumErrors"):
                total += int(value)
    return total


def main():
    path = sys.argv[1]
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    print("listening", flush=True)
    connection, _ = server.accept()
    os.unlink(path)
    Agent(connection).serve()


main()
