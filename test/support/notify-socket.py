"""Stands for systemd's end of sd_notify(3): a unix datagram socket, which Node.js cannot open. Prints what comes."""

import socket
import sys

end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
end.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(end.recv(4096).decode(), flush=True)
