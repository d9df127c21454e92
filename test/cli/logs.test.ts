import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { logs } from '../../src/cli/logs.js';
import { cliFixture } from '../support/cli.js';

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
  await logs(context, { follow: true }, stop.signal);
  t.equal(text, 'first\nsecond\n');
});

t.test('no log yet is 69, a line count that is none is 64', async (t) => {
  const { run } = cliFixture(t);
  t.match(await run('logs'), { code: 69, err: /does not exist/ });
  t.match(await run('logs', '-n', 'many'), { code: 64, err: /--lines/ });
});
