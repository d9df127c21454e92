// A tool module as an outsider writes one.
export default ({ serverName, log }) => {
  log.info('made', { serverName });
  return {
    name: 'plain',
    version: '1.0.0',
    tools: [
      {
        name: 'hello',
        description: 'Greets.',
        inputSchema: { type: 'object' },
        handler: async (_, { user }) => `hello ${user} from ${serverName}`,
      },
    ],
  };
};
