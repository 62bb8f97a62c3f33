// What socket activation costs at the least: takes the listener from systemd, answers one line, ends.
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
    char request[4096];
    static const char answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n";
    int connection = accept(3, NULL, NULL);
    if (connection < 0 || read(connection, request, sizeof request) <= 0) return 1;
    return write(connection, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
