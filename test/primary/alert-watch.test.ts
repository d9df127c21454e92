import t from 'tap';
import { AlertWatch, type WatchedReading } from '../../src/primary/alert-watch.js';

function bench() {
  const said: string[] = [];
  const world: { readings: WatchedReading[] } = { readings: [] };
  const watch = new AlertWatch({
    alerts: {
      raise: (alert, target, message) => said.push(`raise ${alert} ${target ?? '-'} ${message}`),
      clear: (alert, target) => said.push(`clear ${alert} ${target ?? '-'}`),
    },
    readings: () => world.readings,
    repeatMs: () => 3000,
  });
  const reading = (value: number, target: string | null = null): WatchedReading => ({
    ...{ alert: 'cpu-high', target, value, threshold: 80, clearBelow: 75, sustainMs: 1000 },
    message: () => `${value} %`,
  });
  return { watch, world, said, reading };
}

t.test('what lasts is raised, raised again at each check, and cleared', (t) => {
  const { watch, world, said, reading } = bench();
  for (let nowMs = 0; nowMs <= 8000; nowMs += 500) {
    world.readings = [reading(90)];
    watch.tick(nowMs);
  }
  t.same(said, Array(3).fill('raise cpu-high - 90 %'), 'at 1000, 4000 and 7000 ms');
  world.readings = [reading(10)];
  watch.tick(9000);
  t.equal(said.length, 3, 'not over at once');
  watch.tick(10_000);
  watch.tick(11_000);
  t.same(said.slice(3), ['clear cpu-high -']);
  t.end();
});

t.test('targets are apart; one that is no longer measured is cleared', (t) => {
  const { watch, world, said, reading } = bench();
  world.readings = [reading(90, 'a'), reading(10, 'b')];
  for (const nowMs of [0, 1000]) watch.tick(nowMs);
  t.same(said, ['raise cpu-high a 90 %']);
  world.readings = [reading(90, 'b')];
  watch.tick(2000);
  t.same(said.slice(1), ['clear cpu-high a']);
  world.readings = [reading(90, 'a')];
  watch.tick(2500);
  t.equal(said.length, 2, 'it comes back as a new one');
  t.end();
});

t.test('a level that falls is not told as being above its threshold', (t) => {
  const { watch, world, said, reading } = bench();
  world.readings = [reading(90)];
  for (const nowMs of [0, 1000]) watch.tick(nowMs);
  world.readings = [reading(78)];
  watch.tick(4000);
  t.same(said, Array(2).fill('raise cpu-high - 90 %'), 'it holds until it is below 75');
  world.readings = [reading(85)];
  watch.tick(7000);
  t.equal(said.at(-1), 'raise cpu-high - 85 %');
  t.end();
});
