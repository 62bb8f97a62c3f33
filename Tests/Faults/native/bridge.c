/* bridge SOCKET TTY: one connection to the daemon, over a serial line. Says with an empty line that it stands.
   For the guest of a power cut: whoever is at the other end of the line is outside of the machine that dies. */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* As long as there is no daemon it can be ended by SIGTERM; later it ends with the connection, not before all was passed on. */
static int connection(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path)
        errx(64, "%s: too long", path);
    for (;; usleep(2000)) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0)
            err(71, "socket");
        if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
            signal(SIGTERM, SIG_IGN);
            return fd;
        }
        if (errno != ENOENT && errno != ECONNREFUSED)
            err(71, "%s", path);
        close(fd);
    }
}

static int line(const char *path) {
    struct termios raw;
    int fd = open(path, O_RDWR | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &raw) < 0)
        err(71, "%s", path);
    cfmakeraw(&raw);
    if (tcsetattr(fd, TCSANOW, &raw) < 0)
        err(71, "%s", path);
    return fd;
}

static void put(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = write(fd, bytes, count);
        if (done < 0 && errno != EINTR)
            err(74, "write");
        if (done > 0) {
            bytes += done;
            count -= (size_t)done;
        }
    }
}

static void copy(int from, int to) {
    char buffer[4096];
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR))
        if (count > 0)
            put(to, buffer, (size_t)count);
}

int main(int argc, char **argv) {
    if (argc != 3)
        errx(64, "bridge SOCKET TTY");
    int tty = line(argv[2]), daemon = connection(argv[1]);
    pid_t requests = fork();
    if (requests < 0)
        err(71, "fork");
    if (requests == 0) {
        signal(SIGPIPE, SIG_IGN);
        copy(tty, daemon);
        return 0;
    }
    put(tty, "\n", 1);
    copy(daemon, tty);
    tcdrain(tty);
    kill(requests, SIGKILL);
    waitpid(requests, NULL, 0);
    return 0;
}
