/** Forks processes that read, add one and write back with ifVersion, again and again until each has done its share. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { StoreLocation } from '../../src/store/open-store.js';
import type { DocumentScope } from '../../src/store/store.js';

export interface IncrementOptions {
  readonly location: StoreLocation;
  readonly processes: number;
  readonly each: number;
  readonly scope: DocumentScope;
}

export async function incrementInProcesses(t: Test, options: IncrementOptions): Promise<void> {
  const program = fileURLToPath(new URL('./increment-process.ts', import.meta.url));
  const children = Array.from({ length: options.processes }, () =>
    fork(program, [JSON.stringify(options)], { stdio: 'inherit' }),
  );
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const codes = await Promise.all(
    children.map(async (child) => {
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    }),
  );
  t.same(
    codes,
    children.map(() => 0),
    'every process finished its share',
  );
}
