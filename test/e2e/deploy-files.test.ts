/** The files in deploy/ against the program that they run: what can be wrong without anybody noticing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../config/load.js';
import { EXIT } from '../../src/kernel/exit-codes.js';
import { repository } from '../support/repository.js';

const text = (name: string): Promise<string> => readFile(join(repository, name), 'utf8');
const { config } = loadConfig({ cwd: repository, env: {} });
/** Workers drain; then hosts get 5 s to drain and 10 s to end children; each with its margin. */
const STOP_MS = config.http.drainTimeoutMs + 3000 + 15_000;
const INCURABLE = [EXIT.usage, EXIT.permission, EXIT.config];

const systemd = spawnSync('systemd-analyze', ['--version']);
t.test(
  'systemd finds nothing wrong with the unit',
  { skip: systemd.status === 0 ? false : 'systemd-analyze is not installed' },
  async (t) => {
    const file = join(repository, 'deploy', 'multi-mcp.service');
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    t.equal(stderr, '');
    t.equal(status, 0);
  },
);

t.test('`systemctl reload` is what docs/operations.md says it is', async (t) => {
  t.match(await text('docs/operations.md'), '`systemctl\nreload`');
  t.match(await text('deploy/multi-mcp.service'), /^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
});

t.test('every service manager waits longer than a drain takes', async (t) => {
  const unit = await text('deploy/multi-mcp.service');
  t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) * 1000 > STOP_MS);
  const compose = await text('deploy/compose.yml');
  t.ok(Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]) * 1000 > STOP_MS);
  const { apps } = createRequire(import.meta.url)(join(repository, 'ecosystem.config.cjs')) as {
    apps: { kill_timeout: number; stop_exit_codes: number[] }[];
  };
  t.ok((apps[0]?.kill_timeout ?? 0) > STOP_MS);
  t.strictSame(apps[0]?.stop_exit_codes, INCURABLE, 'and PM2 restarts where that can help');
  t.match(unit, `RestartPreventExitStatus=${INCURABLE.join(' ')}\n`, 'and so does systemd');
});

t.test('the image is built from files that exist and that Docker is given', async (t) => {
  const dockerfile = (await text('Dockerfile')).replaceAll('\\\n', ' ');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  t.ok(copied.length > 8, String(copied));
  const given = (await text('.dockerignore'))
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const name of copied) {
    t.ok(existsSync(join(repository, name)), `${name} exists`);
    t.ok(
      given.some((entry) => name === entry || name.startsWith(`${entry}/`)),
      `${name} is not ignored`,
    );
  }
  const { include } = JSON.parse(await text('tsconfig.json')) as { include: string[] };
  t.strictSame(
    include.filter((name) => !copied.includes(name)),
    [],
    'all that the compiler reads',
  );
});

t.test('the image runs the program alone, as nobody special, and asks it how it is', async (t) => {
  const dockerfile = (await text('Dockerfile')).replaceAll('\\\n', ' ');
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  t.strictSame(new Set(bases), new Set(['node:24-trixie-slim']), 'built on what it runs on');
  const stage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  t.match(stage, /^USER [1-9]\d*/m);
  t.match(stage, /^HEALTHCHECK .*CMD \["node", "dist\/src\/cli\/main\.js", "health"\]$/m);
  t.match(stage, /^CMD \["node", "dist\/src\/main\.js"\]$/m);
  for (const [, program = ''] of stage.matchAll(/"dist\/(src\/[^"]+)\.js"/g)) {
    t.ok(existsSync(join(repository, `${program}.ts`)), program);
  }
  t.notMatch(stage, /^(RUN|CMD|ENTRYPOINT)\b.*\bnpm (ci|install|run|start)/m);
  t.notMatch(dockerfile, /^(ENV|ARG) .*(SECRET|TOKEN|PASSWORD|KEY)/m);
});

t.test('compose serves nobody but the machine, and mounts what is there', async (t) => {
  const compose = await text('deploy/compose.yml');
  const ports = [...compose.matchAll(/^ {6}- '([\d.:]+)'$/gm)].map(([, port = '']) => port);
  t.strictSame(ports, ['127.0.0.1:8080:8080', '127.0.0.1:9090:9090', '127.0.0.1:3000:3000']);
  t.match(compose, /store:\n.*\n {4}internal: true/, 'the database has no way out');
  t.match(compose, /network_mode: service:gateway/, 'Prometheus asks from loopback, without a key');
  const mounted = [...compose.matchAll(/^ {6}- \.\/([\w./-]+):\//gm)].map(([, name = '']) => name);
  t.strictSame(mounted, [
    'prometheus.yml',
    'prometheus-rules.yml',
    'grafana/datasources',
    'grafana/dashboards',
    'grafana-dashboard.json',
  ]);
  for (const name of mounted.filter((each) => each.startsWith('grafana/'))) {
    t.ok(existsSync(join(repository, 'deploy', name)), name);
  }
  for (const [, image = ''] of compose.matchAll(/^ {4}image: (\S+)$/gm)) {
    t.match(image, /:(local|v?\d+\.\d+(\.\d+)?)$/, 'no image moves by itself');
  }
});

t.test('docs/operations.md explains every exit code and no other', async (t) => {
  const page = await text('docs/operations.md');
  const [, section = ''] = page.split('## Exit codes');
  const told = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (\d+) \|/gm)];
  t.strictSame(
    told.map(([, code]) => Number(code)),
    Object.values(EXIT),
  );
});
