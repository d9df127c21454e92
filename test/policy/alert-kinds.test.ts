import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ALERT_KINDS } from '../../src/policy/alert-kinds.js';
import { repository } from '../support/repository.js';

t.test('docs/operations.md says of every alert what to do, and of no other', (t) => {
  const text = readFileSync(join(repository, 'docs', 'operations.md'), 'utf8');
  const [, section = ''] = text.split('\n## Alerts\n');
  const [table = ''] = section.split('\n## ');
  const documented = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  t.same(documented.sort(), Object.keys(ALERT_KINDS).sort());
  t.end();
});

t.test('every alert says where to look, with a command that there is', (t) => {
  const folder = join(repository, 'src', 'cli', 'commands');
  const files = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const commands = files.join('\n');
  for (const [name, { look }] of Object.entries(ALERT_KINDS)) {
    const [program, command = ''] = look.split(' ');
    if (program === 'multi-mcp') t.match(commands, new RegExp(`'${command}\\b`), name);
    else t.equal(look, 'top', name);
  }
  t.end();
});
