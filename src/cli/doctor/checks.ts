/** Everything the doctor looks at, in the order it is told. A check is one file; a new one gets a line here. */
import type { Check } from './check.js';
import { examineClock } from './clock.js';
import { examineConfiguration } from './configuration.js';
import { examineDisk } from './disk.js';
import { examineFront } from './front.js';
import { examineKernel } from './kernel-settings.js';
import { examineMasterKey } from './master-key.js';
import { examineNode } from './node-version.js';
import { examinePermissions } from './permissions.js';
import { examinePort } from './port.js';
import { examinePublicUrl } from './public-url.js';
import { examineResources } from './resources.js';
import { examineServers, SERVERS_TIMEOUT_MS } from './servers.js';
import { examineStore } from './store.js';

export const CHECKS: readonly Check[] = [
  { name: 'config', examine: examineConfiguration },
  { name: 'node', examine: () => examineNode() },
  { name: 'front', examine: examineFront },
  { name: 'kernel', examine: examineKernel },
  { name: 'resources', examine: examineResources },
  { name: 'port', examine: examinePort },
  { name: 'store', examine: examineStore },
  { name: 'master key', examine: examineMasterKey },
  { name: 'disk', examine: examineDisk },
  { name: 'permissions', examine: examinePermissions },
  { name: 'clock', examine: examineClock },
  { name: 'servers', examine: examineServers, timeoutMs: SERVERS_TIMEOUT_MS },
  { name: 'public url', examine: examinePublicUrl, timeoutMs: 40_000 },
];
