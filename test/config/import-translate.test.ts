import t from 'tap';
import { translateEntry } from '../../config/import-translate.js';

function translated(foreign: unknown) {
  const notes: string[] = [];
  const entry = translateEntry(foreign, (path, { message, hint }) =>
    notes.push(`${path.join('.')} ${message}${hint === undefined ? '' : ` (${hint ?? ''})`}`),
  );
  return { entry, notes };
}

t.test('what the clients write becomes what is written here', (t) => {
  for (const [client, foreign, entry] of [
    [
      'Claude',
      { type: 'stdio', command: 'npx', args: ['-y', 'x'], env: { A: 'b' } },
      { command: 'npx', args: ['-y', 'x'], env: { A: 'b' } },
    ],
    [
      'Claude Code',
      { type: 'http', url: 'https://a', headers: { K: 'v' } },
      { url: 'https://a', headers: { K: 'v' } },
    ],
    ['Cline', { type: 'streamableHttp', url: 'https://a', disabled: false }, { url: 'https://a' }],
    [
      'Cursor',
      { url: 'https://a/x', type: 'sse', disabled: true },
      { enabled: false, url: 'https://a/x', transport: 'sse' },
    ],
    [
      'Windsurf',
      { serverUrl: 'https://a', disabledTools: ['b'] },
      { url: 'https://a', tools: { deny: ['b'] } },
    ],
    [
      'Gemini',
      { httpUrl: 'https://a', includeTools: ['b'], excludeTools: ['c'] },
      { url: 'https://a', tools: { allow: ['b'], deny: ['c'] } },
    ],
    [
      'mcp-proxy',
      { enabled: false, transportType: 'stdio', command: 'x' },
      { enabled: false, command: 'x' },
    ],
    [
      'numbers and switches as variables',
      { command: 'x', env: { N: 1, B: true } },
      { command: 'x', env: { N: '1', B: 'true' } },
    ],
    [
      'our own',
      { module: './a.js', rateLimit: { requestsPerMinute: 1, burstSize: 1 } },
      { module: './a.js', rateLimit: { requestsPerMinute: 1, burstSize: 1 } },
    ],
  ] as const) {
    const found = translated(foreign);
    t.same(found.entry, entry, client);
    t.same(found.notes, [], client);
  }
  t.end();
});

t.test('what has no word here is told, with what to do where that is known', (t) => {
  const { entry, notes } = translated({
    command: 'x',
    timeout: 60,
    envFile: '.env',
    icon: 'star',
    type: 'websocket',
    includeTools: [],
  });
  t.same(entry, { command: 'x' });
  t.match(notes, [
    /^timeout is a setting of some client; not taken over \(connectionPool.requestTimeout/,
    /^envFile .*environment of the gateway/,
    /^icon is a setting of some client; not taken over \(\)$/,
    /^type is no transport/,
  ]);
  t.match(translated('x'), { entry: {}, notes: [/no object/] });
  t.end();
});
