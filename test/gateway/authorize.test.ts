import t from 'tap';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import { authorizeServer } from '../../src/gateway/authorize.js';

t.test('a credential without a list may use every server', (t) => {
  t.doesNotThrow(() => {
    authorizeServer(ANONYMOUS, 'github');
  });
  t.end();
});

t.test('a list lets in exactly what it names; an empty one nothing', (t) => {
  const principal = { ...ANONYMOUS, servers: new Set(['github']) };
  t.doesNotThrow(() => {
    authorizeServer(principal, 'github');
  });
  for (const server of ['Github', 'git', 'github/', '', 'constructor']) {
    t.throws(
      () => {
        authorizeServer(principal, server);
      },
      { code: 'GW_FORBIDDEN' },
      server,
    );
  }
  t.throws(
    () => {
      authorizeServer({ ...ANONYMOUS, servers: new Set<string>() }, 'github');
    },
    { code: 'GW_FORBIDDEN' },
  );
  t.end();
});

t.test('the refusal names the command that makes the right credential', (t) => {
  const narrow = { ...ANONYMOUS, servers: new Set<string>() };
  const refused = (keyId: string | null) => () => {
    authorizeServer({ ...narrow, keyId }, 'github');
  };
  t.throws(refused('abcdefghijkm'), { message: /multi-mcp keys create .*--servers github/ });
  t.throws(refused(null), { message: /multi-mcp token .*--servers github/ });
  t.end();
});
