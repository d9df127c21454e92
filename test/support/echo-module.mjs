/**
 * An in-process module for tests that count (contract: src/servers/module-api.ts): `echo` returns its
 * `value` after `delayMs`, `executions` returns how often `echo` ran, `pid` in which process it lives, `token` the caller's own credential.
 */
const anything = { type: 'object', properties: {} };

export default function echoModule() {
  let executions = 0;
  return {
    name: 'echo-module',
    version: '1.0.0',
    tools: [
      {
        name: 'echo',
        description: 'Returns its value',
        inputSchema: {
          type: 'object',
          properties: { value: {}, delayMs: { type: 'number' } },
        },
        async handler({ value = null, delayMs = 0 }) {
          executions += 1;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          return JSON.stringify(value);
        },
      },
      {
        name: 'executions',
        description: 'How often echo ran',
        inputSchema: anything,
        handler: async () => JSON.stringify(executions),
      },
      {
        name: 'pid',
        description: 'The process',
        inputSchema: anything,
        handler: async () => JSON.stringify(process.pid),
      },
      {
        name: 'token',
        description: "The caller's own credential",
        inputSchema: anything,
        handler: async (_args, { credential }) => JSON.stringify(credential),
      },
    ],
  };
}
