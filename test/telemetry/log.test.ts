import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createProgramLog } from '../../src/telemetry/log.js';

function opened(t: Test) {
  const file = join(t.testdir(), 'logs', 'a.log');
  const programLog = createProgramLog({
    ...{ level: 'info', file, terminal: null, processName: 'worker-1' },
  });
  const written = () => {
    programLog.flush();
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { programLog, log: programLog.log, written, file };
}

t.test('a line says when, how bad, who and what; secrets are censored', (t) => {
  const { log, written } = opened(t);
  log.warn({ server: 'x', apiKey: 'mmcp_secret', headers: { authorization: 'Bearer s' } }, 'hello');
  const [line] = written();
  t.match(line, { level: 'warn', process: 'worker-1', server: 'x', msg: 'hello', time: /Z$/ });
  t.match(line, { apiKey: '[redacted]', headers: { authorization: '[redacted]' } });
  t.end();
});

t.test('what a server says cannot steer the terminal of whoever reads the file', (t) => {
  const { log, programLog, written, file } = opened(t);
  const stderr = 'a\u001b[31mb\u009b31mc\u202ed';
  log.info({ stderr }, 'server wrote to stderr');
  t.match(written(), [{ stderr }]);
  programLog.flush();
  t.match(readFileSync(file, 'utf8'), String.raw`"a\u001b[31mb\u009b31mc\u202ed"`);
  t.end();
});

t.test('its level changes while it runs, for loggers made before as well', (t) => {
  const { log, programLog, written } = opened(t);
  const before = log.child({ server: 'files' });
  log.debug('no');
  before.debug('no');
  programLog.setLevel('debug');
  log.debug('one');
  before.debug('two');
  log.child({ server: 'later' }).debug('three');
  programLog.setLevel('loud');
  log.debug('an unknown level changes nothing');
  programLog.setLevel('silent');
  before.fatal('no');
  t.same(
    written().map(({ msg }) => msg),
    ['one', 'two', 'three', 'an unknown level changes nothing'],
  );
  t.end();
});
