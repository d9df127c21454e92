// Closes the file descriptor that its argument names once it is asked something, and runs on.
import { closeSync, readSync } from 'node:fs';

process.stdout.write('{"jsonrpc":"2.0","method":"notifications/ready"}\n');
readSync(0, Buffer.alloc(1024));
closeSync(Number(process.argv[2]));
setInterval(() => undefined, 1000);
