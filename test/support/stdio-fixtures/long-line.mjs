// A message of the size it is told, without an end until all of it is out.
const size = Number(process.argv[2]);
const chunk = Buffer.alloc(1024 * 1024, 0x61);
process.stdout.write('{"jsonrpc":"2.0","method":"');
let sent = 0;
const pump = () => {
  while (sent < size) {
    sent += chunk.length;
    if (!process.stdout.write(chunk)) {
      process.stdout.once('drain', pump);
      return;
    }
  }
  process.stdout.write('"}\n');
};
pump();
process.stdin.resume();
