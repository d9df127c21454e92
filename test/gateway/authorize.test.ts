import t from 'tap';
import { ANONYMOUS } from '../../src/gateway/authenticate.js';
import { authorizeServer } from '../../src/gateway/authorize.js';
import type { Grant } from '../../src/store/grants.js';
import { grant } from '../support/store-parts-contract.js';

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

t.test('a grant refuses what the credential allows, and allows nothing it does not name', (t) => {
  const ask = (servers: string[] | null, ...grants: Grant[]) => {
    authorizeServer(
      {
        ...ANONYMOUS,
        servers: servers === null ? null : new Set(servers),
        grants: new Map(grants.map((each) => [each.server, each])),
      },
      'github',
    );
  };
  const [refusal, all] = [grant({ effect: 'deny' }), grant({ server: '*', effect: 'deny' })];
  for (const refused of [
    () => {
      ask(null, refusal);
    },
    () => {
      ask(['github'], refusal);
    },
    () => {
      ask(null, all);
    },
    () => {
      ask(['linear'], grant());
    },
  ]) {
    t.throws(refused, { code: 'GW_FORBIDDEN' });
  }
  for (const allowed of [
    () => {
      ask(null, grant(), all);
    },
    () => {
      ask(null, grant({ server: 'linear', effect: 'deny' }));
    },
    () => {
      ask(['github'], grant());
    },
  ]) {
    t.doesNotThrow(allowed);
  }
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
