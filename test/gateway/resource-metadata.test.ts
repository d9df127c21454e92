import t from 'tap';
import { ResourceMetadata } from '../../src/gateway/resource-metadata.js';

const at = (publicUrl: string) =>
  new ResourceMetadata({
    publicUrl,
    authorizationServers: ['https://id.example'],
    requiredScopes: (server) => (server === 'files' ? ['files:read'] : []),
  });
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

t.test('the gateway and each server path have a document, whose URL is in challenges', (t) => {
  const metadata = at('https://mcp.example.com');
  t.same(JSON.parse(metadata.document(WELL_KNOWN) ?? ''), {
    resource: 'https://mcp.example.com',
    authorization_servers: ['https://id.example'],
    bearer_methods_supported: ['header'],
  });
  t.same(JSON.parse(metadata.document(`${WELL_KNOWN}/files/mcp`) ?? ''), {
    resource: 'https://mcp.example.com/files/mcp',
    authorization_servers: ['https://id.example'],
    scopes_supported: ['files:read'],
    bearer_methods_supported: ['header'],
  });
  t.equal(metadata.url(undefined), `https://mcp.example.com${WELL_KNOWN}`);
  t.equal(metadata.url('files'), `https://mcp.example.com${WELL_KNOWN}/files/mcp`);
  t.end();
});

t.test('a server that does not exist has one too; what no server can be called has none', (t) => {
  const metadata = at('https://mcp.example.com');
  t.match(metadata.document(`${WELL_KNOWN}/nope/mcp`), /"https:\/\/mcp.example.com\/nope\/mcp"/);
  for (const path of ['/', '/mcp', '//mcp', '/a/b/mcp', '/a__b/mcp', '/health/mcp', '/a"b/mcp', '/files', 'x']) {
    t.equal(metadata.document(`${WELL_KNOWN}${path}`), null, path);
  } // prettier-ignore
  t.equal(metadata.document('/.well-known/openid-configuration'), null);
  t.end();
});

t.test('a public URL with a path keeps it, whether or not a proxy has cut it off', (t) => {
  const metadata = at('https://example.com/tools');
  t.equal(metadata.url('files'), `https://example.com${WELL_KNOWN}/tools/files/mcp`);
  for (const path of ['/tools/files/mcp', '/files/mcp']) {
    t.match(metadata.document(WELL_KNOWN + path), /"https:\/\/example.com\/tools\/files\/mcp"/);
  }
  t.match(metadata.document(`${WELL_KNOWN}/tools`), /"https:\/\/example.com\/tools"/);
  t.end();
});
