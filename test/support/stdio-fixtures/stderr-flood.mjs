// Fills stderr as fast as it is read, and still answers.
const line = `${'e'.repeat(1023)}\n`;
const flood = () => {
  while (process.stderr.write(line.repeat(64)));
  process.stderr.once('drain', flood);
};
process.stdin.on('data', () => {
  process.stdout.write('{"jsonrpc":"2.0","id":1,"result":{}}\n');
});
process.stdin.on('end', () => process.exit(0));
flood();
