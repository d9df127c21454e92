import t from 'tap';
import { judgeFront } from '../../../src/cli/doctor/front.js';

const loads = { state: 'loads', file: 'f', isPinned: true } as const;
const old = { state: 'does-not-load', file: 'f', reason: 'GLIBC_2.38 not found' } as const;
const absent = { state: 'absent', reason: 'the package is not installed' } as const;
const newer = { state: 'unsupported', reason: 'it has no uws_linux_x64_147.node' } as const;

t.test('who serves, why, and what would serve better', async (t) => {
  t.match(judgeFront('auto', loads, 'glibc 2.36'), [{ severity: 'ok', message: /glibc 2\.36/ }]);
  t.match(judgeFront('auto', old, 'glibc 2.36'), [
    { severity: 'warning', message: /node:http serves.*GLIBC_2\.38/, fix: /2\.38 or newer/ },
  ]);
  t.match(judgeFront('auto', absent, 'musl'), [{ severity: 'warning', fix: /npm ci/ }]);
  t.match(judgeFront('auto', newer, 'glibc 2.41'), [{ message: /x64_147/, fix: /Node.js 24, 22/ }]);
  t.match(judgeFront('uws', old, 'x'), [{ severity: 'error', exitCode: 78, fix: /auto/ }]);
  t.match(judgeFront('node', old, 'x'), [{ severity: 'note' }]);
});

t.test('another binary than the pinned one is an error, whoever serves', async (t) => {
  for (const wanted of ['auto', 'uws', 'node'] as const) {
    t.match(judgeFront(wanted, { state: 'changed', file: '/x.node' }, 'x'), [
      { severity: 'error', message: /x\.node/, fix: /npm ci/ },
    ]);
  }
});
