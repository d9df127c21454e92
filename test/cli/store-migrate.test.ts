import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCli } from '../../src/cli/program.js';
import { openStoreAt } from '../../src/store/open-store.js';
import { startMongoServer } from '../support/mongo-server.js';
import { keyRecord } from '../support/store-contract.js';

async function run(argv: readonly string[], isTerminal = false) {
  const text = { out: '', err: '' };
  const code = await runCli(['store', 'migrate', ...argv], {
    out: (piece) => {
      text.out += piece;
    },
    err: (piece) => {
      text.err += piece;
    },
    isColored: false,
    isTerminal,
  });
  return { code, ...text };
}

async function fill(place: string, keys: number): Promise<void> {
  const store = await openStoreAt(place);
  for (let n = 0; n < keys; n += 1) await store.keys.insert(keyRecord({ id: `key-${n}` }));
  await store.documents.put({ server: 'notes', user: 'ana' }, 'k', { $a: 1 });
  await store.close();
}

const server = await startMongoServer(t);

t.test('a data directory is copied into another, with counts, once', async (t) => {
  const dir = t.testdir();
  const [from, to] = [join(dir, 'from'), join(dir, 'to')];
  await fill(join(from, 'multi-mcp.db'), 3);
  const { code, out, err } = await run(['--from', from, '--to', to]);
  t.equal(code, 0, err);
  t.match(out, /keys +3 +3 +0\n.*documents +1 +1 +0\n.*same master key/s);
  t.equal(err, '', 'no bar where there is no terminal');
  const again = await run(['--from', from, '--to', join(to, 'multi-mcp.db'), '--json'], true);
  t.match(JSON.parse(again.out), {
    from: /^embedded/,
    parts: { keys: { found: 3, written: 0 }, documents: { found: 1, written: 0 } },
  });
  t.match(again.err, /\[#{30}\] 100 % 4\/4 documents/, 'a bar on a terminal');
  t.ok(again.err.endsWith('\r\u001b[K'), 'that is wiped at the end');
});

t.test('what cannot be is 64, what is away 69, and no password is shown', async (t) => {
  const dir = t.testdir();
  mkdirSync(join(dir, 'empty'));
  const away = 'mongodb://ana:s3cret@127.0.0.1:1/x';
  const nothing = join(dir, 'empty');
  t.match(await run(['--from', nothing, '--to', join(dir, 'to')]), {
    code: 64,
    err: /no store at/,
  });
  t.match(await run(['--from', nothing, '--to', join(nothing, 'multi-mcp.db')]), {
    code: 64,
    err: /same store/,
  });
  t.match(await run(['--from', nothing]), { code: 64, err: /--to/ });
  t.match(await run(['--from', 'x/y/z.db', '--to', nothing]), { code: 64, err: /no folder/ });
  t.notOk(existsSync(join(nothing, 'multi-mcp.db')));
  const refused = await run(['--from', away, '--to', join(dir, 'to')]);
  t.match(refused, { code: 69, err: /127\.0\.0\.1:1\/x.*ECONNREFUSED/s });
  t.notMatch(refused.err, /s3cret/);
});

if (typeof server === 'string') {
  t.test('embedded to MongoDB and back', { skip: server }, () => undefined);
} else {
  t.test('embedded to MongoDB and back', async (t) => {
    const dir = t.testdir();
    const uri = server.newDatabase(t);
    const [from, back] = [join(dir, 'from.db'), join(dir, 'back.db')];
    await fill(from, 60);
    t.equal((await run(['--from', from, '--to', uri])).code, 0);
    t.equal((await run(['--from', uri, '--to', back])).code, 0);
    const again = await run(['--from', from, '--to', back, '--json']);
    const { parts } = JSON.parse(again.out) as { parts: Record<string, { written: number }> };
    t.match(parts, { keys: { found: 60, written: 0 }, documents: { found: 1, written: 0 } });
  });
}
