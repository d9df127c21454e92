import t from 'tap';
import { serversInAudience } from '../../src/gateway/token-audience.js';

const both = { audience: 'multi-mcp', resource: 'https://mcp.example/gw' };
const onlyResource = { audience: null, resource: 'https://mcp.example/gw' };
const neither = { audience: null, resource: null };

t.test('an audience admits to the gateway, to single servers of it, or not at all', (t) => {
  for (const [rules, claim, expected] of [
    [both, 'multi-mcp', null],
    [both, ['else', 'multi-mcp'], null],
    [both, 'https://mcp.example/gw', null],
    [both, 'https://mcp.example/gw/', null],
    [both, 'https://mcp.example/gw/github/mcp', ['github']],
    [both, ['https://mcp.example/gw/a/mcp', 'https://mcp.example/gw/b/mcp', 'x'], ['a', 'b']],
    [both, ['https://mcp.example/gw/a/mcp', 'multi-mcp'], null],
    [both, 'https://mcp.example', 'foreign'],
    [both, 'https://mcp.example/gw/github', 'foreign'],
    [both, 'https://mcp.example/gw/github/mcp/', 'foreign'],
    [both, 'https://mcp.example/gw/a/b/mcp', 'foreign'],
    [both, 'https://mcp.example/gw//mcp', 'foreign'],
    [both, 'https://mcp.example/gw.evil/github/mcp', 'foreign'],
    [both, 'http://mcp.example/gw/github/mcp', 'foreign'],
    [both, 'HTTPS://mcp.example/gw/github/mcp', 'foreign'],
    [both, 'multi-mcp-admin', 'foreign'],
    [both, undefined, 'foreign'],
    [both, null, 'foreign'],
    [both, {}, 'foreign'],
    [both, [], 'foreign'],
    [both, ['multi-mcp '], 'foreign'],
    [both, [7, 'multi-mcp'], 'foreign'],
    [both, Array.from({ length: 65 }, () => 'multi-mcp'), 'foreign'],
    [onlyResource, 'https://mcp.example/gw', null],
    [onlyResource, 'null', 'foreign'],
    [onlyResource, undefined, 'foreign'],
    [neither, undefined, null],
    [neither, 'anything', null],
  ] as const) {
    t.same(serversInAudience(claim, rules, false), expected, JSON.stringify(claim));
  }
  t.end();
});

t.test('tokens of our own secret may go without audience unless one is asked for', (t) => {
  t.equal(serversInAudience(undefined, onlyResource, true), null);
  t.equal(serversInAudience(undefined, both, true), 'foreign');
  t.equal(serversInAudience('billing', onlyResource, true), 'foreign');
  t.end();
});
