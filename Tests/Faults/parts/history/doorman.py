"""A process that connects for a client: the kernel then attests its number, and the events say whose they are."""

import os
import signal
import socket


class Doorman:
    def __init__(self):
        self.socket, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                self.socket.close()
                serve(theirs)
            finally:
                os._exit(0)
        theirs.close()

    def connect(self, path):
        self.socket.sendall(path.encode() + b"\n")
        said, descriptors, _, _ = socket.recv_fds(self.socket, 1, 1)
        if said != b"y":
            raise ConnectionRefusedError(path)
        return socket.socket(fileno=descriptors[0])

    def close(self):
        self.socket.close()
        os.waitpid(self.pid, 0)


def serve(asked):
    # Other doormen's ends, and whatever else came with the fork, would keep connections open that are to end.
    os.closerange(3, asked.fileno())
    os.closerange(asked.fileno() + 1, 4096)
    for path in asked.makefile("r"):
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(path.rstrip("\n"))
                socket.send_fds(asked, [b"y"], [connection.fileno()])
            except OSError:
                asked.sendall(b"n")
