import t from 'tap';
import type { HostServerStatus } from '../../src/ipc/host-messages.js';
import type { ProcessTree } from '../../src/primary/process-tree.js';
import { upstreamGauges } from '../../src/primary/upstream-gauges.js';
import { exposition } from '../../src/telemetry/exposition.js';

t.test('connections are summed over the workers, instances and sessions told by host', (t) => {
  const worker = (upstreamConnections: object) => ({ gauges: { upstreamConnections } });
  const hosted = (name: string, openCount: number, sessions: number): HostServerStatus => ({
    ...{ name, kind: 'stdio', state: 'ready', reason: null, openCount, sessions },
    ...{ restarts: 0, droppedLines: 0 },
  });
  const tree = {
    allWorkers: [
      worker({ web: { active: 1, idle: 2, connecting: 0 } }),
      worker({ web: { active: 3, idle: 0, connecting: 1 } }),
      { gauges: null },
    ],
    hosts: [{ servers: [hosted('files', 4, 3)] }, { servers: [] }],
  } as unknown as Pick<ProcessTree, 'allWorkers' | 'hosts'>;
  const lines = exposition(
    upstreamGauges(() => tree),
    'prometheus',
  ).split('\n');
  for (const line of [
    'multi_mcp_upstream_connections{server="web",state="active"} 4',
    'multi_mcp_upstream_connections{server="web",state="idle"} 2',
    'multi_mcp_upstream_connections{server="web",state="connecting"} 1',
    'multi_mcp_upstream_sessions{server="files",kind="stdio"} 3',
    'multi_mcp_upstream_children{server="files",kind="stdio"} 4',
  ]) {
    t.ok(lines.includes(line), line);
  }
  t.end();
});
