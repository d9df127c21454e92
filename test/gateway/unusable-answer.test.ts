import t from 'tap';
import {
  unusableBeginning,
  unusableBody,
  unusableHead,
} from '../../src/gateway/unusable-answer.js';

const LONG = 'x'.repeat(100_000);

t.test('heads that may not reach a client', (t) => {
  for (const [status, contentType, headers, code] of [
    [401, 'application/json', [], 'GW_UPSTREAM_UNREACHABLE'],
    [407, 'application/json', [], 'GW_UPSTREAM_UNREACHABLE'],
    [302, '', [], 'GW_UPSTREAM_PROTOCOL'],
    [200, 'text/html', [], 'GW_UPSTREAM_PROTOCOL'],
    [600, 'application/json', [], 'GW_UPSTREAM_PROTOCOL'],
    [999, 'text/event-stream', [], 'GW_UPSTREAM_PROTOCOL'],
    [200, 'application/json', ['content-encoding', 'gzip'], 'GW_UPSTREAM_PROTOCOL'],
  ] as const) {
    t.equal(unusableHead(status, contentType, headers)?.code, code, `${status} ${contentType}`);
  }
  for (const [status, contentType] of [
    [200, 'application/json; charset=utf-8'],
    [200, 'text/event-stream'],
    [202, ''],
    [404, 'text/plain'],
    [500, 'application/json'],
  ] as const) {
    t.equal(unusableHead(status, contentType, []), null, `${status} ${contentType}`);
  }
  t.end();
});

t.test('a result may be nested deeper than a request, whatever its length', (t) => {
  const deep = '['.repeat(500) + ']'.repeat(500);
  for (const text of ['', LONG]) {
    const body = Buffer.from(`{"jsonrpc":"2.0","result":{"tree":${deep}},"x":"${text}","id":1}`);
    t.equal(unusableBody(body, 1), null);
  }
  t.end();
});

t.test('a body must answer this request, whatever its length', (t) => {
  for (const text of ['', LONG]) {
    const body = (id: string) => Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":"${text}"}`);
    const behind = (id: string) => Buffer.from(`{"result":"${text}","jsonrpc":"2.0","id":${id}}`);
    for (const of of [body, behind]) {
      t.equal(unusableBody(of('1'), 1), null);
      t.equal(unusableBody(of('null'), 1), null, 'about a request that could not be read');
      t.equal(unusableBody(of('2'), 1)?.code, 'GW_UPSTREAM_PROTOCOL');
      t.equal(unusableBody(of('"1"'), 1)?.code, 'GW_UPSTREAM_PROTOCOL', 'not the same type');
    }
    t.equal(unusableBody(Buffer.from(`<html>${text}`), 1)?.code, 'GW_UPSTREAM_PROTOCOL');
    const request = `{"jsonrpc":"2.0","method":"ping","params":{"a":"${text}"},"x":1}`;
    t.equal(unusableBody(Buffer.from(request), 1)?.code, 'GW_UPSTREAM_PROTOCOL');
  }
  t.equal(unusableBody(Buffer.from('[]'), 1), null, 'a batch passes as it is');
  t.end();
});

t.test('a body whose end is missing is no answer, whoever it begins to answer', (t) => {
  const half = `{"jsonrpc":"2.0","id":1,"result":"${LONG}`;
  for (const text of [half, `[${half}`]) {
    t.equal(unusableBody(Buffer.from(text), 1)?.code, 'GW_UPSTREAM_PROTOCOL');
  }
  t.equal(unusableBody(Buffer.from(`${half}"}\r\n`), 1), null);
  t.end();
});

t.test('of an endless answer the beginning is judged', (t) => {
  const begin = (id: number) => Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":"${LONG}`);
  t.equal(unusableBeginning(begin(1), 1), null);
  t.equal(unusableBeginning(begin(2), 1)?.code, 'GW_UPSTREAM_PROTOCOL');
  t.equal(unusableBeginning(Buffer.from(`{"result":"${LONG}`), 1), null, 'it does not tell');
  t.end();
});
