import t from 'tap';
import { readServerMessage } from '../../src/host/server-message.js';

t.test(
  'an answer that cannot be read is known by its id, so that its caller need not wait',
  (t) => {
    for (const [bytes, id] of [
      [Buffer.from('{"jsonrpc":"2.0","id":7,"result":{"text":"caf\u00e9"}}', 'latin1'), 7],
      [Buffer.from('{"result":{"text":"caf\u00e9"},"jsonrpc":"2.0","id":7}', 'latin1'), 7],
      [Buffer.from('{"jsonrpc":"2.0","id":7,"result":{"a":}}'), 7],
      [Buffer.from('{"jsonrpc":"2.0","id":7,"method":"ping","params":{'), null],
      [Buffer.from('Server listening on 7'), null],
    ] as const) {
      t.match(readServerMessage(bytes), { kind: 'malformed', id }, bytes.toString());
    }
    t.end();
  },
);
