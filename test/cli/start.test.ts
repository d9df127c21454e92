import { once, EventEmitter } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { start } from '../../src/cli/start.js';

const context = {
  out: () => undefined,
  err: () => undefined,
  configPath: '/etc/multi-mcp.json' as string | undefined,
  json: false,
};
const program = (t: { testdir: (files: Record<string, string>) => string }, source: string) =>
  join(t.testdir({ 'main.mjs': source }), 'main.mjs');

t.test('its exit code is the gateway’s, and it says which configuration', async (t) => {
  const source = `import { writeFileSync } from 'node:fs';
    writeFileSync(new URL('args', import.meta.url), JSON.stringify(process.argv.slice(2)));
    process.exit(78);`;
  const file = program(t, source);
  t.equal(await start(context, { check: true }, file), 78);
  const args = () => JSON.parse(readFileSync(join(file, '../args'), 'utf8')) as unknown;
  t.same(args(), ['--config', '/etc/multi-mcp.json', '--check-config']);
  t.equal(await start({ ...context, configPath: undefined }, {}, file), 78);
  t.same(args(), []);
});

t.test('a gateway that a signal ended is 128 + signal', async (t) => {
  t.equal(await start(context, {}, program(t, "process.kill(process.pid, 'SIGKILL')")), 137);
});

t.test('SIGTERM and SIGHUP are passed on, and the listeners are gone afterwards', async (t) => {
  const source = `import { writeFileSync } from 'node:fs';
    const alive = setTimeout(() => process.exit(99), 20_000);
    const got = [];
    process.on('SIGHUP', () => { got.push('SIGHUP'); writeFileSync(new URL('hup', import.meta.url), ''); });
    process.on('SIGTERM', () => { clearTimeout(alive); process.exitCode = got.length; });
    writeFileSync(new URL('ready', import.meta.url), '');`;
  const file = program(t, source);
  const before = process.listenerCount('SIGTERM');
  const changes = new EventEmitter();
  const watcher = watch(join(file, '..'), () => changes.emit('change'));
  t.teardown(() => {
    watcher.close();
  });
  const there = async (name: string) => {
    while (!existsSync(join(file, '..', name))) await once(changes, 'change');
  };
  const exit = start(context, {}, file);
  await there('ready');
  process.emit('SIGHUP', 'SIGHUP');
  await there('hup');
  process.emit('SIGTERM', 'SIGTERM');
  t.equal(await exit, 1, 'one SIGHUP came before');
  t.equal(process.listenerCount('SIGTERM'), before);
});
