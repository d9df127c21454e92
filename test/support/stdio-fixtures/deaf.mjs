// Never reads its stdin.
setInterval(() => undefined, 1000);
process.stdout.write('{"jsonrpc":"2.0","method":"notifications/ready"}\n');
