// Ignores the end of stdin and SIGTERM; says when it is ready for both, in its title too.
process.on('SIGTERM', () => {
  process.stdout.write('{"jsonrpc":"2.0","method":"notifications/got-sigterm"}\n');
});
setInterval(() => undefined, 1000);
process.stdin.resume();
process.stdout.write(
  `{"jsonrpc":"2.0","method":"notifications/ready","params":{"pid":${process.pid}}}\n`,
  () => {
    process.title = 'stubborn and ready';
  },
);
