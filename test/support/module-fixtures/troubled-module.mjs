// A module whose tools show what a host survives and what it does not.
import { existsSync } from 'node:fs';

const tool = (name, handler) => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
  handler,
});

export default () => ({
  name: 'troubled',
  version: '1.0.0',
  tools: [
    tool('reject', async () => {
      void Promise.reject(new Error('forgotten'));
      return 'rejected somewhere';
    }),
    tool('throw-later', async () => {
      setTimeout(() => {
        throw new Error('uncaught');
      }, 0);
      return 'wait for it';
    }),
    tool('spin', async ({ until }) => {
      while (!existsSync(until));
      return 'spun';
    }),
    tool('exit', async () => process.exit(3)),
  ],
});
