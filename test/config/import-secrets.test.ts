import t from 'tap';
import { plainSecrets } from '../../config/import-secrets.js';

function secretsIn(entry: Record<string, unknown>) {
  const notes: string[] = [];
  const secrets = plainSecrets(entry, 'my-server', (path, { hint }) =>
    notes.push(`${path.join('.')}: ${hint ?? ''}`),
  );
  return { secrets, notes };
}

t.test('secrets are known by their names or by themselves, and a variable is proposed', (t) => {
  const { secrets, notes } = secretsIn({
    env: {
      GITHUB_TOKEN: 'abc',
      HOST: 'h',
      X: 'ghp_1',
      PORT: '1',
      REF_TOKEN: '${A}',
      EMPTY_KEY: '',
    },
    headers: { Authorization: 'Bearer xyz', 'X-Trace': '1' },
    args: ['--api-key=sk-123', '--verbose', 7, 'glpat-9'],
  });
  t.same(secrets, ['abc', 'ghp_1', 'xyz', 'sk-123', 'glpat-9']);
  t.match(notes, [
    'env.GITHUB_TOKEN: set GITHUB_TOKEN where the gateway runs, and write "${GITHUB_TOKEN}"',
    /^env.X:/,
    'headers.Authorization: set MY_SERVER_AUTHORIZATION where the gateway runs, and write "Bearer ${MY_SERVER_AUTHORIZATION}"',
    /^args.0:/,
    /^args.3:/,
  ]);
  t.end();
});

t.test('an entry without any says nothing', (t) => {
  t.same(secretsIn({ env: { A: 1 }, headers: 'x', url: 'https://a' }), { secrets: [], notes: [] });
  t.end();
});
