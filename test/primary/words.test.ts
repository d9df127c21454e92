import t from 'tap';
import { answerWords, drainWords, statusWords, stoppedWords } from '../../src/primary/words.js';

t.test('the status line counts servers, requests and workers', (t) => {
  const facts = { readyServers: 12, servers: 13, servingWorkers: 4, workers: 4 };
  t.equal(
    statusWords({ ...facts, status: 'degraded', requestsPerSecond: 339.6 }),
    'degraded: 12/13 servers ready, 340 req/s, 4/4 workers',
  );
  t.end();
});

t.test('a stop says what it waits for and how long it took', (t) => {
  t.equal(drainWords(14), 'draining 14 requests …');
  t.equal(drainWords(1), 'draining 1 request …');
  t.equal(drainWords(0), 'draining …');
  t.equal(stoppedWords(812), 'stopped, drained in 0.8 s');
  t.end();
});

t.test('a server that answers is named with its time and tools, as far as they are known', (t) => {
  const facts = { server: 'github', wasDown: false, ms: 839.6, tools: 23 };
  t.equal(answerWords(facts), 'server github ready in 840 ms (23 tools)');
  t.equal(
    answerWords({ ...facts, wasDown: true, tools: 1 }),
    'server github answers again in 840 ms (1 tool)',
  );
  t.equal(answerWords({ ...facts, ms: null, tools: null }), 'server github ready');
  t.end();
});
