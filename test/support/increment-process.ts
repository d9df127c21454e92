/** The program increment-in-processes.ts forks. */
import { openStore } from '../../src/store/open-store.js';
import type { IncrementOptions } from './increment-in-processes.js';

const { location, each, scope } = JSON.parse(process.argv[2] ?? '') as IncrementOptions;
const store = await openStore(location);
for (let done = 0; done < each;) {
  const present = await store.documents.get(scope, 'counter');
  const version = await store.documents.put(scope, 'counter', Number(present?.value ?? 0) + 1, {
    ifVersion: present?.version ?? 0,
  });
  if (version !== null) done += 1;
}
await store.close();
