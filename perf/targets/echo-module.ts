/** The smallest tool module (contract: src/servers/module-api.ts): what a call costs besides the tool. */
export default function echoModule(): object {
  return {
    name: 'echo-module',
    version: '1.0.0',
    tools: [
      {
        name: 'echo',
        description: 'Returns its text',
        inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
        handler: ({ text }: { readonly text: string }) => Promise.resolve(text),
      },
    ],
  };
}
