import t from 'tap';
import type { Test } from 'tap';
import type { z } from 'zod';
import * as kinds from '../../config/value-kinds.js';

function sorts(t: Test, schema: z.ZodType, good: readonly unknown[], bad: readonly unknown[]) {
  for (const value of good) t.ok(schema.safeParse(value).success, JSON.stringify(value));
  for (const value of bad) t.notOk(schema.safeParse(value).success, JSON.stringify(value));
  t.end();
}

void t.test('durations are whole and end at a day, so that no timer can overflow', (t) => {
  sorts(t, kinds.milliseconds(10), [10, 86_400_000], [9, 86_400_001, 10.5, '10', NaN, Infinity]);
});
void t.test('seconds, bytes and counts are whole and within their range', (t) => {
  for (const kind of [kinds.seconds, kinds.bytes, kinds.count]) {
    const schema = kind(2, 4);
    t.strictSame(
      [1, 2, 4, 5, 2.5].map((each) => schema.safeParse(each).success),
      [false, true, true, false, false],
    );
  }
  t.end();
});
void t.test('percentages go to 100, ratios to 1', (t) => {
  t.strictSame(
    [0, 1, 99.5, 100, 101].map((each) => kinds.percent().safeParse(each).success),
    [false, true, true, true, false],
  );
  sorts(t, kinds.ratio(0.1), [0.1, 0.8, 1], [0, 0.09, 80]);
});
void t.test('units are known to whoever asks the schema', (t) => {
  t.equal(kinds.milliseconds(1).meta()?.['unit'], 'ms');
  t.equal(kinds.seconds(1, 2).meta()?.['unit'], 's');
  t.equal(kinds.bytes(1, 2).meta()?.['unit'], 'bytes');
  t.equal(kinds.percent().meta()?.['unit'], '%');
  t.equal(kinds.ratio(0).meta()?.['unit'], 'ratio');
  t.end();
});
void t.test('texts are not empty', (t) => {
  sorts(t, kinds.text, ['x', ' '], ['', 5]);
});
void t.test('URLs are http or https', (t) => {
  sorts(t, kinds.httpUrl, ['http://a', 'https://a:1/b?c'], ['ftp://a', '//a', 'a', '', 'http://']);
});
void t.test('no header can smuggle a second one', (t) => {
  sorts(
    t,
    kinds.headers,
    [{}, { Authorization: 'Bearer x' }, { 'x-a': '' }, { 'X-Latin': 'é' }],
    [
      { 'a b': '' },
      { '': '' },
      { 'a:': '' },
      { a: 'b\r\nc: d' },
      { a: 'b\0' },
      { a: '日' },
      { a: 1 },
    ],
  );
});
void t.test('environment names have no equals sign, and nothing has a NUL', (t) => {
  sorts(
    t,
    kinds.environment,
    [{ A: '' }, { 'a.b': 'x=y' }],
    [{ 'A=B': '' }, { '': '' }, { A: '\0' }],
  );
});
void t.test('proxies are addresses or ranges', (t) => {
  sorts(
    t,
    kinds.addressOrRange,
    ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '::/128'],
    ['nginx', '10.0.0', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', ''],
  );
});
void t.test('host names stand alone', (t) => {
  sorts(
    t,
    kinds.hostName,
    ['mcp.example.com', 'localhost', '10.0.0.1', '::1', 'my_container', '*'],
    ['https://a', 'a/b', 'a b', '', '*.example.com', 'a:80', '[::1]'],
  );
});
void t.test('origins have a scheme and no path', (t) => {
  sorts(
    t,
    kinds.webOrigin,
    ['https://a', 'http://a:1', 'vscode-file://vscode-app', '*'],
    ['a', 'https://a/', 'https://a/b', 'null', ''],
  );
});
void t.test('loopback addresses are known as such', (t) => {
  for (const host of ['localhost', 'LOCALHOST', '127.0.0.1', '127.1.2.3', '::1']) {
    t.ok(kinds.isLoopback(host), host);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.example.com', '127.0.0.1.nip.io']) {
    t.notOk(kinds.isLoopback(host), host);
  }
  t.end();
});
