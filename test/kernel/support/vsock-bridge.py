"""What socat does for the channel over vsock (docs/sriov.md).

  vsock-bridge.py host SOCKET CID PORT      UNIX-LISTEN:SOCKET,fork VSOCK-CONNECT:CID:PORT
  vsock-bridge.py guest PORT COMMAND ...    VSOCK-LISTEN:PORT,reuseaddr,fork EXEC:COMMAND
"""

import socket
import subprocess
import sys
import threading


def relay(source, target):
    """Copies until the source ends, and then ends the target."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def connect(one, other):
    for pair in ((one, other), (other, one)):
        threading.Thread(target=relay, args=pair, daemon=True).start()


def host(path, cid, port):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()
        print("listening", flush=True)
        while True:
            daemon, _ = server.accept()
            guest = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
            try:
                guest.connect((cid, port))
            except OSError:
                daemon.close()
                continue
            connect(daemon, guest)


def guest(port, command):
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as server:
        server.bind((socket.VMADDR_CID_ANY, port))
        server.listen()
        print("listening", flush=True)
        while True:
            daemon, _ = server.accept()
            ours, theirs = socket.socketpair()
            subprocess.Popen(command, stdin=theirs, stdout=theirs)
            theirs.close()
            connect(daemon, ours)


if sys.argv[1] == "host":
    host(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    guest(int(sys.argv[2]), sys.argv[3:])
