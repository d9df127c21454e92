/**
 * Entry of every process of the tree. The role comes by argument, because the primary forks all others
 * from this same file; what each role does is told in primary/, http/ and host/.
 */
const role = process.argv.find((argument) => argument.startsWith('--role='))?.slice(7) ?? 'primary';

// To load a role takes most of a second, in which nobody else listens: Node.js would end the process. A closed terminal and a
// script that reloads right after the start send them so early.
for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);

// Whoever read it may be gone: a pipe to `head`, a collector that restarts. The log files have what matters, and Node.js would
// end the process for a banner, or for a line that a module prints.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

if (role === 'worker') {
  const { runWorker } = await import('./http/worker.js');
  runWorker();
} else if (role === 'host') {
  const { runHost } = await import('./host/host.js');
  runHost();
} else {
  const { runPrimary } = await import('./primary/primary.js');
  await runPrimary(process.argv.slice(2));
}

export {};
