import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { logs } from '../../src/cli/logs.js';
import { cliFixture } from '../support/cli.js';
import { until } from '../support/until.js';

t.test('the end of the log, or of the request log', async (t) => {
  const { run, dir } = cliFixture(t);
  writeFileSync(join(dir, 'logs', 'multi-mcp-production.log'), '{"n":1}\n{"n":2}\n');
  writeFileSync(join(dir, 'logs', 'requests.log'), '{"r":1}\n');
  t.match(await run('logs'), { code: 0, out: '{"n":1}\n{"n":2}\n' });
  t.match(await run('logs', '-n', '1'), { out: '{"n":2}\n' });
  t.match(await run('logs', '--requests'), { out: '{"r":1}\n' });
});

t.test('-f goes on until it is ended', async (t) => {
  const { configPath, dir } = cliFixture(t);
  const file = join(dir, 'logs', 'multi-mcp-production.log');
  writeFileSync(file, 'first\n');
  const stop = new AbortController();
  let text = '';
  const out = (piece: string) => {
    text += piece;
    if (text === 'first\n') appendFileSync(file, 'second\n');
    else stop.abort();
  };
  const context = { out, err: out, configPath, json: false };
  await logs(context, { follow: true }, { until: stop.signal });
  t.equal(text, 'first\nsecond\n');
});

const request = (change: object): string =>
  JSON.stringify({
    ...{ time: '2026-11-21T10:00:00.000Z', id: 'r1', user: 'ana', server: 'github', http: 'POST' },
    ...{ method: 'tools/call', target: 'search', status: 200, reason: 'ok', bytes: 10 },
    ...{ totalMs: 12.5, queueMs: 0.1, upstreamMs: 11, client: '127.0.0.1', ...change },
  });

t.test('only the lines that are asked for; how many is counted after that', async (t) => {
  const { run, dir } = cliFixture(t);
  const lines = [
    request({ id: 'a' }),
    request({ id: 'b', status: 503 }),
    '',
    '{"torn":',
    request({ id: 'c', user: 'ben', status: 429 }),
    request({ id: 'd', server: 'files', target: 'read', time: '2026-11-21T11:00:00.000Z' }),
  ];
  writeFileSync(join(dir, 'logs', 'requests.log'), `${lines.join('\n')}\n`);
  const ids = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run('logs', ...argv);
    t.equal(code, 0, err);
    return [...out.matchAll(/"id":"(\w)"/g)].map(([, id]) => id).join('');
  };
  t.equal(await ids('--requests', '--server', 'github'), 'abc');
  t.equal(await ids('--user', 'ben'), 'c', 'a user means the request log');
  t.equal(await ids('--status', '5xx,429'), 'bc');
  t.equal(await ids('--status', '429,200', '-n', '2'), 'cd');
  t.equal(await ids('--tool', 'read'), 'd');
  t.equal(await ids('--requests', '--since', '2026-11-21T10:30:00Z'), 'd');
  t.equal(await ids('--requests', '--since', '1s'), '');
  t.match(await run('logs', '--status', '6xx'), { code: 64, err: /--status must be/ });
  const { TZ: before } = process.env;
  t.teardown(() => {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  });
  for (const zone of ['America/New_York', 'Asia/Tokyo']) {
    process.env['TZ'] = zone;
    t.equal(await ids('--requests', '--since', '2026-11-21T10:30'), 'd', `UTC, also in ${zone}`);
  }
  const noTime = await run('logs', '--requests', '--since', 'noon');
  t.match(noTime, { code: 64, err: /--since must be such as 10m or 2026-11-21T10:00, is "noon"/ });
});

t.test('--since reaches back into the archives, in order, compressed or not yet', async (t) => {
  const { run, dir } = cliFixture(t);
  const at = (id: string, time: string): string => `${request({ id, time })}\n`;
  const file = (name: string, bytes: string | Buffer): void => {
    writeFileSync(join(dir, 'logs', name), bytes);
  };
  file('requests.log', at('f', '2026-11-21T10:00:00.000Z'));
  file('requests-2026-11-20.10.log', at('e', '2026-11-20T12:00:00.000Z'));
  file('requests-2026-11-20.2.log.gz', gzipSync(at('d', '2026-11-20T11:00:00.000Z')));
  file('requests-2026-11-20.2.log', at('d', '2026-11-20T11:00:00.000Z'));
  file('requests-2026-11-20.log.gz', gzipSync(at('c', '2026-11-20T10:00:00.000Z').trimEnd()));
  file('requests-2026-11-19.log.gz', gzipSync(at('b', '2026-11-19T10:00:00.000Z')));
  file('requests-2026-11-18.log.gz', Buffer.from('no archive that anybody asks for'));
  file('requests-2026-11-21.log.gz.tmp', Buffer.from('half'));
  file('multi-mcp-production-2026-11-20.log', at('x', '2026-11-20T10:00:00.000Z'));
  const ids = async (...argv: string[]): Promise<string> => {
    const { code, out, err } = await run('logs', '--requests', ...argv);
    t.equal(code, 0, err);
    return [...out.matchAll(/"id":"(\w)"/g)].map(([, id]) => id).join('');
  };
  t.equal(await ids('--since', '2026-11-19T09:30'), 'bcdef');
  t.equal(await ids('--since', '2026-11-20T10:30'), 'def');
  t.equal(await ids('--since', '2026-11-19T09:30', '-n', '3'), 'def');
  t.equal(await ids('--since', '2026-11-21T09:30'), 'f');
});

t.test('a level and what is worse', async (t) => {
  const { run, dir } = cliFixture(t);
  const line = (level: string) => `{"level":"${level}","time":"t","process":"primary","msg":"m"}\n`;
  writeFileSync(
    join(dir, 'logs', 'multi-mcp-production.log'),
    ['info', 'error', 'warn', 'debug', 'fatal'].map(line).join(''),
  );
  const { out } = await run('logs', '--level', 'warn');
  t.equal(out, line('error') + line('warn') + line('fatal'));
  t.match(await run('logs', '--level', 'loud'), { code: 64, err: /--level must be one of/ });
  t.match(await run('logs', '--level', 'warn', '--user', 'ana'), { code: 64 });
});

t.test('at a terminal a line is text, and can do nothing to it', async (t) => {
  const { configPath, dir } = cliFixture(t);
  let text = '';
  const out = (piece: string) => {
    text += piece;
  };
  writeFileSync(join(dir, 'logs', 'requests.log'), `${request({ user: 'a\u001b[2J' })}\n`);
  writeFileSync(
    join(dir, 'logs', 'multi-mcp-production.log'),
    '{"level":"warn","time":"10:00","process":"primary","pid":1,"server":"x","msg":"no answer"}\n',
  );
  const context = { out, err: out, configPath, json: false };
  await logs(context, { requests: true }, { isTerminal: true });
  await logs(context, {}, { isTerminal: true });
  t.equal(
    text,
    '2026-11-21T10:00:00.000Z 200 ok a\ufffd[2J → github tools/call search 12.5 ms (queue 0.1, upstream 11) 10 B r1\n' +
      '10:00 WARN  primary: no answer  server=x\n',
  );
  text = '';
  await logs({ ...context, json: true }, { requests: true }, { isTerminal: true });
  t.match(JSON.parse(text), { id: 'r1' }, '--json is the file’s own line');
});

t.test('following filters too, across a rotation', async (t) => {
  const { configPath, dir } = cliFixture(t);
  const file = join(dir, 'logs', 'requests.log');
  writeFileSync(file, `${request({ id: 'old', user: 'ben' })}\n`);
  const stop = new AbortController();
  let text = '';
  const out = (piece: string) => {
    text += piece;
    if (piece.includes('"one"')) {
      renameSync(file, `${file}.1`);
      writeFileSync(
        file,
        `${request({ id: 'two', user: 'ana' })}\n${request({ id: 'last', user: 'ben' })}\n`,
      );
    }
    if (piece.includes('"last"')) stop.abort();
  };
  const context = { out, err: out, configPath, json: false };
  const following = logs(context, { follow: true, user: 'ben' }, { until: stop.signal });
  await until(() => text.includes('"old"'), { timeoutMs: 20_000, what: 'the backlog' });
  appendFileSync(file, `${request({ id: 'none' })}\n${request({ id: 'one', user: 'ben' })}\n`);
  await following;
  t.same(
    [...text.matchAll(/"id":"(\w+)"/g)].map(([, id]) => id),
    ['old', 'one', 'last'],
  );
});

t.test('no log yet is 69, a line count that is none is 64', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('logs'), { code: 69, err: /does not exist/ });
  t.match(await run('logs', '-n', 'many'), { code: 64, err: /--lines/ });
});
