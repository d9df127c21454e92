import t from 'tap';
import { judgeKernel, readKernel } from '../../../src/cli/doctor/kernel-settings.js';

const good = {
  openFiles: { soft: 65_536, hard: 65_536 },
  somaxconn: 4096,
  tcpMigrateReq: 1,
  localPorts: [32_768, 60_999],
} as const;

t.test('a tuned machine has nothing to repair', async (t) => {
  t.ok(judgeKernel(good, 'this shell', 8080).every(({ severity }) => severity === 'ok'));
});

t.test('each setting that is too low comes with the command that raises it', async (t) => {
  const low = {
    openFiles: { soft: 1024, hard: 4096 },
    somaxconn: 128,
    tcpMigrateReq: 0,
    localPorts: [50_000, 55_000],
  } as const;
  t.match(judgeKernel(low, 'this shell', 8080), [
    { severity: 'warning', message: /1024.*512 sockets/, fix: /LimitNOFILE=65536/ },
    { severity: 'warning', fix: /sysctl -w net\.core\.somaxconn=4096/ },
    { severity: 'warning', fix: /sysctl -w net\.ipv4\.tcp_migrate_req=1/ },
    { severity: 'warning', fix: /ip_local_port_range/ },
  ]);
  const raisable = { ...good, openFiles: { soft: 1024, hard: 1_048_576 } };
  t.match(judgeKernel(raisable, 'this shell', null)[0], { fix: /ulimit -n 65536/ });
});

t.test('a port that outgoing connections may take is reserved', async (t) => {
  t.match(judgeKernel(good, 'this shell', 40_000)[3], {
    severity: 'warning',
    fix: /ip_local_reserved_ports=40000/,
  });
});

t.test('what the system does not show is no fault', async (t) => {
  const none = { openFiles: null, somaxconn: null, tcpMigrateReq: null, localPorts: null };
  t.ok(judgeKernel(none, 'this shell', 8080).every(({ severity }) => severity === 'note'));
});

t.test(
  'this machine is read',
  { skip: process.platform !== 'linux' && 'Linux only' },
  async (t) => {
    const { openFiles, somaxconn } = await readKernel('self');
    t.ok((openFiles?.soft ?? 0) > 0);
    t.ok((somaxconn ?? 0) > 0);
  },
);
