import t from 'tap';
import { systemFailure } from '../../src/kernel/system-failure.js';

const error = (code: string, more = {}): Error =>
  Object.assign(new Error(`${code}: no`), { code, ...more });

t.test('what the system refuses has an exit code and says what to do', (t) => {
  for (const [thrown, exitCode, todo] of [
    [error('EACCES'), 77, /must own/],
    [error('EPERM'), 77, null],
    [error('ENOSPC'), 69, /Free space/],
    [error('ENOTDIR'), 78, /A folder must be there/],
    [error('ENOENT', { syscall: 'mkdir' }), 78, /No file can be made/],
    [error('ENOENT', { syscall: 'open' }), 78, /No file can be made/],
    [error('EADDRINUSE'), 75, null],
  ] as const) {
    t.match(systemFailure(thrown), { exitCode, todo }, thrown.message);
  }
  for (const other of [
    error('ENOENT', { syscall: 'spawn' }),
    error('EWHAT'),
    new Error('x'),
    'x',
  ]) {
    t.equal(systemFailure(other), null);
  }
  t.end();
});
