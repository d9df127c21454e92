import t from 'tap';
import type { OpenRelay } from '../../src/gateway/open-relays.js';
import { StreamRechecks } from '../../src/gateway/stream-rechecks.js';
import { nextTurn } from '../support/next-turn.js';

interface Listening extends OpenRelay {
  readonly answer: () => void;
}

function rig() {
  const asked: string[] = [];
  const open: Listening[] = [];
  let answering = 0;
  let most = 0;
  const listen = (name: string, keyId: string | null): Listening => {
    let answer = (): void => undefined;
    const relay: Listening = {
      isListening: true,
      keyId,
      startedAtMs: 0,
      previousLink: null,
      nextLink: null,
      timeOut: () => undefined,
      endBecause: () => undefined,
      recheck: async () => {
        asked.push(name);
        answering += 1;
        most = Math.max(most, answering);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        answering -= 1;
      },
      answer: () => {
        answer();
      },
    };
    open.push(relay);
    return relay;
  };
  const answerAll = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) {
      for (const relay of open) relay.answer();
      await nextTurn();
    }
  };
  const rechecks = new StreamRechecks(() => open);
  return { rechecks, asked, listen, answerAll, most: () => most };
}

t.test('only the streams of the key are proven again', async (t) => {
  const { rechecks, asked, listen, answerAll } = rig();
  listen('one', 'k1');
  listen('two', 'k2');
  listen('token', null);
  listen('three', 'k1');
  rechecks.request('k1');
  await answerAll();
  t.same(asked, ['one', 'three']);
});

t.test(
  'all of them one after the other, and a key that is asked for meanwhile before the rest',
  async (t) => {
    const { rechecks, asked, listen, answerAll, most } = rig();
    listen('one', 'k1');
    listen('token', null);
    listen('last', 'k2');
    rechecks.request(null);
    rechecks.request('k2');
    rechecks.request('k2');
    await nextTurn();
    t.same(asked, ['one']);
    await answerAll();
    t.same(asked, ['one', 'last', 'token', 'last']);
    t.equal(most(), 1);
  },
);
