/** A child for the supervisor's tests: does what its start message says. */
process.on('message', ({ mood, stop }) => {
  if (stop && mood === undefined) {
    if (!process.env.DEAF && !globalThis.isDeaf) process.exit(0);
    return;
  }
  if (mood === 'never ready') return;
  globalThis.isDeaf = mood === 'deaf';
  process.send('ready');
  if (mood === 'beat') setInterval(() => process.send('beat'), 10);
});
process.on('disconnect', () => process.exit(0));
