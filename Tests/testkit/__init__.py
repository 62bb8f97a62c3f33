"""What tests in Python share: a plain client of the socket, the daemon as a process, and how long to wait."""
