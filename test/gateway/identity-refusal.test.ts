import t from 'tap';
import {
  NO_CHALLENGE,
  refuseAmbiguity,
  refuseIdentity,
  refuseScope,
} from '../../src/gateway/identity-refusal.js';

const challengeOf = (error: { options: { headers?: Readonly<Record<string, string>> } }) =>
  error.options.headers?.['www-authenticate'];
const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/github/mcp';

const told = (metadataUrl: string, scopes: readonly string[] = []) => ({ metadataUrl, scopes });

t.test('scopes that any use needs stand in the challenge', (t) => {
  t.equal(
    challengeOf(refuseIdentity('missing', told(METADATA, ['files:read', 'b']))),
    `Bearer realm="multi-mcp", scope="files:read b", resource_metadata="${METADATA}"`,
  );
  t.end();
});

t.test('a missing scope is 403 that names every scope of the operation', (t) => {
  const error = refuseScope(['files:read', 'files:write'], told(METADATA, ['files:read']));
  t.match(error, { code: 'GW_FORBIDDEN', row: { http: 403 } });
  t.equal(
    challengeOf(error),
    `Bearer realm="multi-mcp", error="insufficient_scope", scope="files:read files:write", error_description="The token lacks a scope that this needs.", resource_metadata="${METADATA}"`,
  );
  t.end();
});

t.test('without a credential the challenge carries no error code', (t) => {
  const error = refuseIdentity('missing', NO_CHALLENGE);
  t.equal(error.code, 'GW_UNAUTHENTICATED');
  t.equal(challengeOf(error), 'Bearer realm="multi-mcp"');
  t.match(error.message, /multi-mcp keys create --user NAME/);
  t.end();
});

t.test('a credential that failed is invalid_token, with the reason and the metadata', (t) => {
  t.equal(
    challengeOf(refuseIdentity('revoked-key', told(METADATA))),
    `Bearer realm="multi-mcp", error="invalid_token", error_description="The API key was revoked.", resource_metadata="${METADATA}"`,
  );
  t.equal(
    challengeOf(refuseIdentity('missing', told(METADATA))),
    `Bearer realm="multi-mcp", resource_metadata="${METADATA}"`,
  );
  t.match(refuseIdentity('expired', NO_CHALLENGE).message, /multi-mcp token --user NAME/);
  t.end();
});

t.test('two different credentials are a bad request', (t) => {
  const error = refuseAmbiguity(told(METADATA));
  t.equal(error.code, 'GW_BAD_REQUEST');
  t.match(challengeOf(error), /error="invalid_request"/);
  t.match(challengeOf(error), /resource_metadata=/);
  t.end();
});

t.test('a metadata URL that would end its quotes is left out', (t) => {
  for (const server of ['a"b', 'a\\b', 'a b', 'a\r\nb', 'é']) {
    t.equal(
      challengeOf(refuseIdentity('missing', told(`https://x/${server}/mcp`))),
      'Bearer realm="multi-mcp"',
      JSON.stringify(server),
    );
  }
  t.end();
});

t.test('every challenge is one line of quotable ASCII', (t) => {
  const refusals = [
    'missing', 'malformed', 'unknown-key', 'revoked-key', 'expired-key', 'untrusted', 'expired',
    'not-yet', 'wrong-issuer', 'wrong-audience', 'lives-too-long', 'bad-claims',
  ] as const; // prettier-ignore
  for (const refusal of refusals) {
    t.match(
      challengeOf(refuseIdentity(refusal, NO_CHALLENGE)),
      /^Bearer realm="multi-mcp"(, error="invalid_token", error_description="[ !#-[\]-~]+")?$/,
      refusal,
    );
  }
  t.end();
});
