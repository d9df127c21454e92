import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { KeyView } from '../../src/admin/operations.js';
import { cliFixture } from '../support/cli.js';

const key = (change: Partial<KeyView>): KeyView => ({
  id: 'abcdefghijkm',
  user: 'ana',
  label: '',
  servers: null,
  tools: null,
  limits: null,
  isAdmin: false,
  createdAt: '2026-01-01T00:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  useCount: 0,
  ...change,
});

const keys = [
  key({ label: 'laptop' }),
  key({ id: 'b'.repeat(12), user: 'ben', isAdmin: true, servers: ['github', 'linear'] }),
  key({
    id: 'f'.repeat(12),
    tools: { allow: ['get_*'], deny: ['get_all'] },
    limits: { requestsPerSecond: 5, maxConcurrentRequests: 2 },
    lastUsedAt: '2026-01-03T10:11:12.000Z',
    useCount: 42,
  }),
  key({ id: 'c'.repeat(12), revokedAt: '2026-01-02T00:00:00.000Z' }),
  key({ id: 'd'.repeat(12), expiresAt: '2026-01-02T00:00:00.000Z' }),
  key({ id: 'e'.repeat(12), label: '\u001b[2J' }),
];

t.test('the keys that work, and how many others there are', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ listKeys: () => Promise.resolve(keys) });
  const { code, out, err } = await run('keys', 'list');
  t.equal(code, 0);
  t.same(
    out.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['ID', 'USER', 'SERVERS', 'LIMITS', 'STATE', 'CREATED', 'LAST USED', 'USES', 'LABEL'],
      ['abcdefghijkm', 'ana', 'all', '-', 'active', '2026-01-01', 'never', '0', 'laptop'],
      ['bbbbbbbbbbbb', 'ben (admin)', 'github,linear', '-', 'active', '2026-01-01', 'never', '0'],
      [
        'ffffffffffff',
        'ana',
        'all',
        '5/s; 2 at once; tools get_*; not get_all',
        'active',
        '2026-01-01',
        '2026-01-03T10:11',
        '42',
      ],
      ['eeeeeeeeeeee', 'ana', 'all', '-', 'active', '2026-01-01', 'never', '0', '\ufffd[2J'],
      [''],
    ],
  );
  t.equal(err, '2 revoked or expired; see them with --all\n');
});

t.test('--all shows what ended, too', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ listKeys: () => Promise.resolve(keys) });
  const { out, err } = await run('keys', 'list', '--all');
  t.match(out, /cccccccccccc {2}.* revoked /);
  t.match(out, /dddddddddddd {2}.* expired /);
  t.equal(err, '');
  t.equal((JSON.parse((await run('keys', 'list', '--all', '--json')).out) as unknown[]).length, 6);
});

t.test('long lists are fetched page by page', async (t) => {
  const { run, gateway } = cliFixture(t);
  const many = Array.from({ length: 1500 }, (_, n) => key({ id: String(n).padStart(12, '0') }));
  await gateway({
    listKeys: ({ afterId }) => {
      const from = afterId === undefined ? 0 : many.findIndex(({ id }) => id === afterId) + 1;
      return Promise.resolve(many.slice(from, from + 1000));
    },
  });
  const listed = JSON.parse((await run('keys', 'list', '--json')).out) as KeyView[];
  t.same(
    listed.map(({ id }) => id),
    many.map(({ id }) => id),
  );
});

t.test('no keys yet: the next command', async (t) => {
  const { run, gateway } = cliFixture(t);
  await gateway({ listKeys: () => Promise.resolve([]) });
  const { out } = await run('keys', 'list');
  t.match(out, 'multi-mcp keys create --user NAME');
});

t.test('where there is no store it says where it looked, and makes nothing', async (t) => {
  const { run, dir } = cliFixture(t);
  const dataDir = join(dir, 'data');
  for (const command of [
    ['keys', 'list'],
    ['keys', 'revoke', 'abcdefghijkm'],
    ['grants', 'list'],
    ['audit', 'list'],
    ['credentials', 'list'],
  ]) {
    const { code, out, err } = await run(...command);
    t.equal(code, 69, command.join(' '));
    t.equal(out, '');
    t.match(err, join(dataDir, 'multi-mcp.db'));
    t.match(err, 'DATA_DIR');
  }
  t.notOk(existsSync(dataDir));
});
