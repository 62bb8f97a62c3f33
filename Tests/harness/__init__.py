"""What the long tests in Python share: a plain client of the socket, and the daemon as a process."""
