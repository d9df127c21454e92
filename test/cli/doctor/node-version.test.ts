import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { examineNode } from '../../../src/cli/doctor/node-version.js';
import { repository } from '../../support/repository.js';

const severity = (version: string) => examineNode(version)[0]?.severity;

t.test('the supported versions are those of package.json', async (t) => {
  const text = readFileSync(join(repository, 'package.json'), 'utf8');
  const { engines } = JSON.parse(text) as { engines: { node: string } };
  t.equal(engines.node, '^20.19.0 || ^22.12.0 || >=24');
  for (const old of ['v18.20.4', 'v20.18.9', 'v21.7.0', 'v22.11.0', 'v23.9.0']) {
    t.match(examineNode(old), [{ severity: 'error', exitCode: 78, fix: /20\.19/ }], old);
  }
  t.equal(severity('v20.19.0'), 'note', 'works, past its end of life');
  for (const good of ['v22.12.0', 'v24.0.0', 'v26.1.0']) t.equal(severity(good), 'ok', good);
});

t.test('the Node.js of this test will do', async (t) => {
  t.not(examineNode()[0]?.severity, 'error');
});
