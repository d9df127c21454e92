/**
 * Entry of every process of the tree. The role comes by argument, because the primary forks all others
 * from this same file; what each role does is told in primary/, http/ and host/.
 */
const role = process.argv.find((argument) => argument.startsWith('--role='))?.slice(7) ?? 'primary';

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
