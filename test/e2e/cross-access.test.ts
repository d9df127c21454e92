/**
 * Two users, every cross access tried: Ben goes after Ana's sessions, streams, tables and servers. Nothing succeeds, and
 * each answer is, byte for byte, the one he gets for something that never was.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakeUpstream } from '../support/fake-upstream.js';
import { repository } from '../support/repository.js';
import { startGateway, type Gateway } from '../support/start-gateway.js';

const STDIO = join(repository, 'test/support/echo-stdio.mjs');
const SECRET = 'only for Ana';
const VERSION = '2025-11-25';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly session: string | null;
}

interface Ask {
  readonly method?: string;
  readonly rpc?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly session?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One user: their key, and what they send. */
function userOf(gateway: Gateway, key: string) {
  const ask = async (server: string, { method = 'POST', ...what }: Ask): Promise<Answer> => {
    const isPost = method === 'POST';
    const response = await fetch(gateway.endpoint(server), {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        accept: isPost ? 'application/json, text/event-stream' : 'text/event-stream',
        ...(what.rpc === 'initialize' ? {} : { 'mcp-protocol-version': VERSION }),
        ...(isPost ? { 'content-type': 'application/json' } : {}),
        ...(what.session === undefined ? {} : { 'mcp-session-id': what.session }),
        ...what.headers,
      },
      ...(isPost
        ? {
            body: JSON.stringify({
              jsonrpc: '2.0',
              id: 1,
              method: what.rpc,
              params: what.params ?? {},
            }),
          }
        : {}),
      signal: AbortSignal.timeout(60_000),
    });
    const session = response.headers.get('mcp-session-id');
    // A standing stream has no end; what matters of it is that it was opened.
    if (!isPost && response.ok) {
      await response.body?.cancel();
      return { status: response.status, text: '(a stream)', session };
    }
    return { status: response.status, text: await response.text(), session };
  };
  const open = async (server: string): Promise<string> => {
    const params = {
      protocolVersion: VERSION,
      capabilities: {},
      clientInfo: { name: 'e2e', version: '1' },
    };
    const { session, text } = await ask(server, { rpc: 'initialize', params });
    if (session === null) throw new Error(`no session of ${server}: ${text}`);
    await ask(server, { rpc: 'ping', session });
    return session;
  };
  const call = (session: string, name: string, args: Readonly<Record<string, unknown>>) =>
    ask('meerkats-table', { rpc: 'tools/call', session, params: { name, arguments: args } });
  return { ask, open, call };
}

/** What differs between any two answers: the request's id, the seal of the session, and the names that were sent. */
const bare = (answer: Answer, ...own: readonly string[]): string =>
  own.reduce(
    (text, each) => text.replaceAll(each, 'X'),
    [
      answer.status,
      answer.session === null ? 'no session' : 'a session',
      answer.text.replace(/"requestId":"[^"]*"/, '').replace(/^id: ?\d+-\d+$/gm, ''),
    ].join(' '),
  );

async function sameAsNothing(
  t: Test,
  name: string,
  [real, made]: readonly [Promise<Answer>, Promise<Answer>],
  own: readonly string[] = [],
): Promise<void> {
  const [found, nothing] = [await real, await made];
  t.ok(found.status >= 400 || found.text.includes('"isError":true'), `${name}: refused`);
  t.notMatch(found.text, SECRET, `${name}: nothing of Ana`);
  t.equal(bare(found, ...own), bare(nothing, ...own), `${name}: like what never was`);
}

t.test('nothing of another user can be reached, or learnt of', async (t) => {
  const upstream = await startFakeUpstream();
  t.teardown(() => upstream.close());
  const gateway = await startGateway({
    config: {
      global: { workers: 2 },
      servers: {
        'meerkats-table': {},
        fake: { url: upstream.url },
        own: { command: process.execPath, args: [STDIO] },
        private: { url: upstream.url },
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const ana = userOf(gateway, await gateway.makeKey('ana'));
  const ben = userOf(
    gateway,
    await gateway.makeKey('ben', { servers: ['meerkats-table', 'fake', 'own', 'gone'] }),
  );
  /** Shaped like the real one, so that only its being Ana's can tell. */
  const madeUp = (real: string) => `${real.slice(0, -4)}${real.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;

  await t.test('sessions: of HTTP servers, stdio servers and modules', async (t) => {
    for (const server of ['fake', 'own', 'meerkats-table']) {
      const session = await ana.open(server);
      const other = madeUp(session);
      for (const ask of [
        { rpc: 'tools/list' },
        { rpc: 'ping' },
        { method: 'GET' },
        { method: 'GET', headers: { 'last-event-id': '1-1' } },
        { method: 'GET', headers: { 'last-event-id': 'nonsense' } },
        { method: 'DELETE' },
      ] satisfies Ask[]) {
        await sameAsNothing(t, `${server} ${JSON.stringify(ask)}`, [
          ben.ask(server, { ...ask, session }),
          ben.ask(server, { ...ask, session: other }),
        ]);
      }
      t.equal((await ana.ask(server, { rpc: 'ping', session })).status, 200, `${server}: unharmed`);
    }
  });

  await t.test('a session works at its own server only', async (t) => {
    const session = await ana.open('fake');
    const { status, text } = await ana.ask('private', { rpc: 'ping', session });
    t.equal(status, 404);
    t.match(text, /GW_SESSION_UNKNOWN/);
  });

  await t.test('resumable streams: Ana’s event ids bring nothing in Ben’s session', async (t) => {
    const session = await ana.open('meerkats-table');
    const columns = [{ name: 'note', type: 'text' }];
    const answer = await ana.ask('meerkats-table', {
      rpc: 'tools/call',
      session,
      params: { name: 'create_table', arguments: { table: 'streamed', columns } },
      headers: { accept: 'text/event-stream, application/json;q=0.1' },
    });
    t.equal(answer.status, 200);
    const bens = await ben.open('meerkats-table');
    const seen = [...answer.text.matchAll(/^id: ?(.+)$/gm)].map((match) => match[1] ?? '');
    for (const eventId of [...seen, '1-1', '2-1', '0-1', '1:1', '2:1']) {
      const resume = { method: 'GET', headers: { 'last-event-id': eventId } };
      await sameAsNothing(t, `${eventId} in Ana's session`, [
        ben.ask('meerkats-table', { ...resume, session }),
        ben.ask('meerkats-table', { ...resume, session: madeUp(session) }),
      ]);
      const own = await ben.ask('meerkats-table', { ...resume, session: bens });
      t.notMatch(own.text, /streamed/, `${eventId} in Ben's own`);
    }
  });

  await t.test('tables', async (t) => {
    const [anas, bens] = [await ana.open('meerkats-table'), await ben.open('meerkats-table')];
    await ana.call(anas, 'create_table', {
      table: 'secrets',
      columns: [{ name: 'note', type: 'text' }],
    });
    await ana.call(anas, 'insert_rows', { table: 'secrets', rows: [{ note: SECRET }] });
    t.match((await ana.call(anas, 'query_rows', { table: 'secrets' })).text, SECRET);

    t.notMatch((await ben.call(bens, 'list_tables', {})).text, /secrets|streamed/);
    for (const [name, args] of [
      ['query_rows', {}],
      ['describe_table', {}],
      ['export_csv', {}],
      ['drop_table', {}],
      ['insert_rows', { rows: [{ note: 'mine' }] }],
      ['delete_rows', { all: true }],
    ] as const) {
      await sameAsNothing(
        t,
        name,
        [
          ben.call(bens, name, { table: 'secrets', ...args }),
          ben.call(bens, name, { table: 'nothing', ...args }),
        ],
        ['secrets', 'nothing'],
      );
    }
    const read = (uri: string) =>
      ben.ask('meerkats-table', { rpc: 'resources/read', session: bens, params: { uri } });
    for (const form of ['meerkats-table://tables/NAME', 'meerkats-table://tables/NAME/rows']) {
      const [real, made] = [form.replace('NAME', 'secrets'), form.replace('NAME', 'nothing')];
      const [found, nothing] = [await read(real), await read(made)];
      t.equal(bare(found, 'secrets', 'nothing'), bare(nothing, 'secrets', 'nothing'), form);
      t.notMatch(found.text, SECRET);
    }
    const columns = [{ name: 'x', type: 'text' }];
    const mine = await ben.call(bens, 'create_table', { table: 'secrets', columns });
    t.notMatch(mine.text, '"isError":true', 'the name is free for Ben');
    t.match((await ana.call(anas, 'query_rows', { table: 'secrets' })).text, SECRET, 'Ana’s stays');
  });

  await t.test('servers that a key does not name', async (t) => {
    for (const ask of [
      { rpc: 'initialize' },
      { method: 'GET' },
      { method: 'DELETE' },
    ] satisfies Ask[]) {
      await sameAsNothing(
        t,
        JSON.stringify(ask),
        [ben.ask('private', ask), ben.ask('nowhere', ask)],
        ['private', 'nowhere'],
      );
    }
    t.equal((await ben.ask('gone', { rpc: 'initialize' })).status, 404, 'named, and not there');
  });

  await t.test('without a credential every server name looks alike', async (t) => {
    const stranger = userOf(gateway, '');
    const forger = userOf(gateway, `mmcp_${'a'.repeat(12)}_${'b'.repeat(43)}_cccccc`);
    for (const who of [stranger, forger]) {
      await sameAsNothing(
        t,
        'initialize',
        [who.ask('private', { rpc: 'initialize' }), who.ask('nowhere', { rpc: 'initialize' })],
        ['private', 'nowhere'],
      );
    }
  });
  t.equal((await gateway.stop()).code, 0);
});
