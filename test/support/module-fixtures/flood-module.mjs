/** A module whose `flood` reports 40 megabytes of progress before it answers, whoever reads them. */
export default function floodModule() {
  return {
    name: 'flood-module',
    version: '1.0.0',
    tools: [
      {
        name: 'flood',
        description: 'Reports progress, much of it',
        inputSchema: { type: 'object', properties: {} },
        async handler(_args, { progress }) {
          for (let n = 1; n <= 40; n += 1) progress(n, 40, 'x'.repeat(1_000_000));
          return 'done';
        },
      },
    ],
  };
}
