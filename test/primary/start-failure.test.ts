import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { AdminSocketBusyError, AdminSocketPathError } from '../../src/admin/socket-path.js';
import { GatewayError } from '../../src/kernel/errors.js';
import { startFailure } from '../../src/primary/start-failure.js';
import { StoreAddressError } from '../../src/store/mongo-address.js';

function thrownBy(what: () => unknown): unknown {
  try {
    what();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

t.test('what only a person can repair is not tried again', (t) => {
  const file = join(t.testdir({ file: '' }), 'file');
  const inTheWay = [
    thrownBy(() => mkdirSync(file, { recursive: true })),
    thrownBy(() => mkdirSync(join(file, 'data'), { recursive: true })),
  ];
  for (const each of inTheWay) {
    t.match(startFailure(each), { exitCode: 78, message: /move it away, or set DATA_DIR/ });
  }
  const folder = join(file, '..');
  const notAFile = thrownBy(() => {
    writeFileSync(folder, '');
  });
  t.match(startFailure(notAFile), { exitCode: 78, message: /A file must be there/ });
  t.equal(startFailure(new AdminSocketPathError('too long')).exitCode, 78);
  const nowhere = Object.assign(systemError('ENOENT'), { syscall: 'mkdir' });
  t.match(startFailure(nowhere), { exitCode: 78, message: /No file can be made there/ });
  t.match(startFailure(new StoreAddressError('not valid')), { exitCode: 78, message: 'not valid' });
  t.match(startFailure(systemError('EROFS')), { exitCode: 77, message: /read-only/ });
  t.match(startFailure(systemError('EACCES')), { exitCode: 77, message: /must own the folders/ });
  const lowPort = Object.assign(systemError('EACCES'), { syscall: 'listen' });
  t.match(startFailure(lowPort), { exitCode: 77, message: /below 1024/ });
  for (const code of ['ENOTFOUND', 'EADDRNOTAVAIL']) {
    t.match(startFailure(systemError(code)), {
      exitCode: 78,
      message: /an address of this machine/,
    });
  }
  t.end();
});

t.test('what may be over soon is', (t) => {
  t.equal(startFailure(new AdminSocketBusyError('another gateway')).exitCode, 75);
  t.equal(startFailure(systemError('EADDRINUSE')).exitCode, 75);
  t.match(startFailure(systemError('ENOSPC')), { exitCode: 69, message: /Free space/ });
  t.equal(startFailure(new GatewayError('GW_STORE_UNAVAILABLE')).exitCode, 69);
  t.end();
});

t.test('the rest is a fault of the program, told in its own words', (t) => {
  t.strictSame(startFailure(new TypeError('oh')), { exitCode: 70, message: 'oh' });
  t.equal(startFailure(systemError('ENOENT')).exitCode, 70, 'something is missing that was there');
  t.strictSame(startFailure('oh'), { exitCode: 70, message: 'oh' });
  t.end();
});
