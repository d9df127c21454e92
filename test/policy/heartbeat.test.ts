import fc from 'fast-check';
import t from 'tap';
import { Heartbeat } from '../../src/policy/heartbeat.js';
import { holds } from './holds.js';

const PACE_MS = 1000;
const LIMIT_MS = 5000;

t.test('a child that says nothing is silent after the limit', (t) => {
  const heartbeat = new Heartbeat(PACE_MS, 0);
  for (let nowMs = PACE_MS; nowMs <= LIMIT_MS; nowMs += PACE_MS) {
    t.notOk(heartbeat.isSilent(nowMs, LIMIT_MS), `${nowMs} ms`);
  }
  t.ok(heartbeat.isSilent(LIMIT_MS + PACE_MS, LIMIT_MS));
  t.end();
});

t.test('a sign of life starts the time again', (t) => {
  const heartbeat = new Heartbeat(PACE_MS, 0);
  for (let nowMs = PACE_MS; nowMs <= 60_000; nowMs += PACE_MS) {
    if (nowMs % 5000 === 0) heartbeat.seen(nowMs);
    t.notOk(heartbeat.isSilent(nowMs, LIMIT_MS));
  }
  t.end();
});

t.test('a judge that slept does not blame the child for it', (t) => {
  const heartbeat = new Heartbeat(PACE_MS, 0);
  heartbeat.seen(1000);
  t.notOk(heartbeat.isSilent(1000, LIMIT_MS));
  t.notOk(heartbeat.isSilent(20_000, LIMIT_MS), 'nothing was read for 19 s');
  for (let nowMs = 21_000; nowMs <= 24_000; nowMs += PACE_MS) {
    t.notOk(heartbeat.isSilent(nowMs, LIMIT_MS), `${nowMs} ms`);
  }
  t.ok(heartbeat.isSilent(25_000, LIMIT_MS));
  t.end();
});

t.test(
  'however late the judgements, a child that is gone is found out after enough of them',
  (t) => {
    holds(
      t,
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 8, maxLength: 8 }),
        (latenessMs) => {
          const heartbeat = new Heartbeat(PACE_MS, 0);
          let nowMs = 0;
          let wasSilent = false;
          for (const lateMs of latenessMs) {
            nowMs += PACE_MS + lateMs;
            wasSilent ||= heartbeat.isSilent(nowMs, LIMIT_MS);
          }
          return wasSilent;
        },
      ),
    );
    t.end();
  },
);
