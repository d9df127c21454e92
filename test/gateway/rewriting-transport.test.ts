import t from 'tap';
import { MAX_REWRITTEN_BYTES, rewritingTransport } from '../../src/gateway/rewriting-transport.js';
import type { RewriteMessage } from '../../src/gateway/rewriting-transport.js';
import { GatewayError } from '../../src/kernel/errors.js';
import type { UpstreamRequest, UpstreamResponseHandler } from '../../src/upstream/transport.js';
import { FakeTransport } from '../support/fake-transport.js';

const REQUEST: UpstreamRequest = {
  method: 'POST',
  headers: [],
  body: null,
  user: 'ana',
  credential: null,
  headTimeoutMs: 1000,
  idleTimeoutMs: 1000,
};
const JSON_HEAD = ['content-type', 'application/json'];
const EVENTS_HEAD = ['content-type', 'text/event-stream'];

/** Shouts, drops "drop" and breaks at "bad". */
const shout: RewriteMessage = (message) => {
  const text = message.toString();
  if (text.includes('drop')) return null;
  if (text.includes('bad')) throw new GatewayError('GW_PARSE');
  return text.includes('keep') ? message : Buffer.from(text.toUpperCase());
};

async function exchange(rewrite: RewriteMessage = shout) {
  const inner = new FakeTransport();
  const seen = { status: 0, headers: [] as readonly string[], text: '', ends: 0, error: '' };
  let wantsMore = true;
  const handler: UpstreamResponseHandler = {
    onHead: (status, headers) => {
      Object.assign(seen, { status, headers });
    },
    onData: (chunk) => {
      seen.text += chunk.toString();
      return wantsMore;
    },
    onEnd: () => {
      seen.ends += 1;
    },
    onError: (error) => {
      seen.error += error.code;
    },
  };
  const outer = rewritingTransport(inner, rewrite).dispatch(REQUEST, handler);
  const { handler: upstream, ...call } = await inner.call();
  return { upstream, call, outer, seen, pause: () => (wantsMore = false) };
}

t.test('a JSON answer is rewritten as a whole, wherever it is cut', async (t) => {
  const { upstream, seen } = await exchange();
  upstream.onHead(200, [...JSON_HEAD, 'cache-control', 'public', 'x-a', 'b']);
  upstream.onData(Buffer.from('{"a"'));
  t.equal(seen.text, '');
  upstream.onData(Buffer.from(':"b"}'));
  upstream.onEnd();
  t.match(seen, { text: '{"A":"B"}', ends: 1, error: '' });
  t.same(seen.headers, [
    ...JSON_HEAD,
    'x-a',
    'b',
    'cache-control',
    'private, no-cache, no-transform',
  ]);
});

t.test('each event is rewritten by itself, its other fields stay, comments pass', async (t) => {
  const stream =
    ': hi\n\nid: 1\nevent: message\ndata: {"a":1}\n\ndata: {"keep":1}\n\nid: 2\ndata: drop\n\ndata: {"x":\ndata: 2}\n\n';
  const expected =
    ': hi\n\nid: 1\nevent: message\ndata: {"A":1}\n\ndata: {"keep":1}\n\ndata: {"X": 2}\n\n';
  const wrong: unknown[] = [];
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    const bytes = Buffer.from(stream.replaceAll('\n', lineEnd));
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const { upstream, seen } = await exchange();
      upstream.onHead(200, EVENTS_HEAD);
      upstream.onData(bytes.subarray(0, cut));
      upstream.onData(bytes.subarray(cut));
      upstream.onEnd();
      // Events that came whole and unchanged keep their line ends.
      const text = seen.text.replaceAll(/\r\n|\r/g, '\n').replaceAll(/\n{3,}/g, '\n\n');
      if (text !== expected || seen.ends !== 1) wrong.push({ lineEnd, cut, text });
    }
  }
  t.same(wrong, []);
});

t.test('what only some readers take for a field is not passed on', async (t) => {
  // A byte order mark at the beginning is left out by every reader, one read as Latin-1 by the SDK's alone.
  const unread = ['\ufeff', '\u00ef\u00bb\u00bf', '\ufeff\ufeff', ' ', '\0'];
  for (const mark of unread) {
    const { upstream, seen } = await exchange();
    upstream.onHead(200, EVENTS_HEAD);
    upstream.onData(Buffer.from(`${mark}data: {"a":1}\n\n`));
    upstream.onData(Buffer.from(`${mark}data: {"a":2}\nid: 7\n\n`));
    upstream.onEnd();
    t.match(seen, { text: 'id: 7\n\n', ends: 1, error: '' }, JSON.stringify(mark));
  }
});

t.test('an event that never ended is not passed on', async (t) => {
  const { upstream, seen } = await exchange();
  upstream.onHead(200, EVENTS_HEAD);
  upstream.onData(Buffer.from('data: {"a":1}\n\ndata: {"secret":1}\n'));
  upstream.onEnd();
  t.match(seen, { text: 'data: {"A":1}\n\n', ends: 1 });
});

t.test(
  'what is too long or cannot be read ends with an error, and nothing of it passes',
  async (t) => {
    for (const head of [JSON_HEAD, EVENTS_HEAD]) {
      const { upstream, seen } = await exchange();
      upstream.onHead(200, head);
      const piece = Buffer.alloc(1024 * 1024, 'a');
      for (let sent = 0; sent <= MAX_REWRITTEN_BYTES; sent += piece.length) upstream.onData(piece);
      upstream.onData(Buffer.from('more\n\n'));
      upstream.onEnd();
      t.match(seen, { text: '', ends: 0, error: 'GW_UPSTREAM_PROTOCOL' });
    }
    const { upstream, seen } = await exchange();
    upstream.onHead(200, JSON_HEAD);
    upstream.onData(Buffer.from('bad'));
    upstream.onEnd();
    t.match(seen, { text: '', ends: 0, error: 'GW_UPSTREAM_PROTOCOL' });
  },
);

t.test('errors of HTTP pass as they are, faults of the exchange too', async (t) => {
  const { upstream, seen } = await exchange();
  upstream.onHead(404, [...JSON_HEAD, 'cache-control', 'public']);
  upstream.onData(Buffer.from('{"bad":1}'));
  upstream.onEnd();
  t.match(seen, {
    status: 404,
    text: '{"bad":1}',
    ends: 1,
    headers: [...JSON_HEAD, 'cache-control', 'public'],
  });
  const failing = await exchange();
  failing.upstream.onError(new GatewayError('GW_UPSTREAM_TIMEOUT'));
  t.equal(failing.seen.error, 'GW_UPSTREAM_TIMEOUT');
});

t.test('back-pressure passes in both directions', async (t) => {
  const { upstream, seen, pause } = await exchange();
  upstream.onHead(200, EVENTS_HEAD);
  t.equal(upstream.onData(Buffer.from('data: a\n\n')), true);
  pause();
  t.equal(upstream.onData(Buffer.from('data: a\n\n')), false);
  t.equal(upstream.onData(Buffer.from('data: a')), true, 'nothing was written');
  t.equal(seen.text, 'data: A\n\n'.repeat(2));
});
