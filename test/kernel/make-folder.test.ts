import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeFolder } from '../../src/kernel/make-folder.js';

t.test('a folder is made with those above it, and one that is there is left alone', (t) => {
  const root = t.testdir();
  const deep = join(root, 'a', 'b', 'c');
  makeFolder(deep, 0o700);
  t.equal(statSync(deep).mode & 0o777, 0o700);
  t.equal(statSync(join(root, 'a')).mode & 0o777, 0o700);
  makeFolder(deep);
  t.equal(statSync(deep).mode & 0o777, 0o700);
  t.end();
});

t.test('what is in the way is said', (t) => {
  const file = join(t.testdir(), 'file');
  writeFileSync(file, '');
  t.throws(
    () => {
      makeFolder(file);
    },
    { code: 'EEXIST' },
  );
  t.throws(
    () => {
      makeFolder(join(file, 'a', 'b'));
    },
    { code: 'ENOTDIR' },
  );
  t.end();
});

t.test(
  'where a file system makes nothing it fails, and tries no more',
  { skip: existsSync('/proc/self') ? false : 'no /proc here' },
  (t) => {
    for (const path of ['/proc/x', '/proc/x/y/z']) {
      t.throws(
        () => {
          makeFolder(path);
        },
        { code: 'ENOENT', syscall: 'mkdir' },
      );
    }
    t.end();
  },
);
