import t from 'tap';
import { HostRules, isLoopbackName, parseHost } from '../../src/http/host-rules.js';

const rules = (
  host: string,
  allowedHosts: readonly string[] = [],
  allowedOrigins: readonly string[] = [],
): HostRules => new HostRules({ host, allowedHosts, allowedOrigins });

function admitsHost(gate: HostRules, value: string): boolean {
  const host = parseHost(value);
  return host !== undefined && gate.isHostAllowed(host);
}

function admitsOrigin(gate: HostRules, origin: string, host = 'gw.example'): boolean {
  const authority = parseHost(host);
  return authority !== undefined && gate.isOriginAllowed(origin, authority);
}

t.test('a Host is a name or an address, and perhaps a port', (t) => {
  t.same(parseHost('Gw.Example:8080'), { name: 'gw.example', port: '8080' });
  t.same(parseHost('[::1]:80'), { name: '::1', port: '80' });
  t.same(parseHost('gw.example.'), { name: 'gw.example', port: undefined });
  t.same(parseHost('my_service'), { name: 'my_service', port: undefined });
  const bad = ['', ' ', 'a b', 'a/b', 'a@b', 'a:b', 'a:', 'a:123456', '::1', '[::1', '[x]', 'a,b'];
  for (const value of bad) t.equal(parseHost(value), undefined, value);
  t.end();
});

t.test('only real loopback names are loopback', (t) => {
  for (const name of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) t.ok(isLoopbackName(name));
  for (const name of ['127.0.0.1.evil.example', '127.evil', 'localhost.evil', '10.0.0.1', '']) {
    t.notOk(isLoopbackName(name), name);
  }
  t.end();
});

t.test('a loopback bind answers to loopback names and to those that were added', (t) => {
  for (const bind of ['127.0.0.1', 'localhost', '::1']) {
    const gate = rules(bind, ['Gw.Example']);
    for (const host of ['localhost:1', '127.0.0.1', '[::1]', 'gw.example:443', 'GW.EXAMPLE']) {
      t.ok(admitsHost(gate, host), `${bind} ${host}`);
    }
    for (const host of ['evil.example', 'gw.example.evil', '10.0.0.1']) {
      t.notOk(admitsHost(gate, host), `${bind} ${host}`);
    }
    t.notOk(admitsHost(rules(bind), 'evil.example'), 'also without any list');
  }
  t.end();
});

t.test('a name is trusted when no web page can have made it ours', (t) => {
  const gate = rules('0.0.0.0', ['*', 'Gw.Example']);
  for (const name of ['localhost', '127.0.0.1', '::1', '10.0.0.5', 'gw.example']) {
    t.ok(gate.isHostTrusted({ name, port: '80' }), name);
  }
  for (const name of ['evil.example', '127.evil', 'localhost.evil']) {
    t.notOk(gate.isHostTrusted({ name, port: '80' }), name);
  }
  t.end();
});

t.test('a public bind checks Host once it has a list', (t) => {
  t.ok(admitsHost(rules('0.0.0.0'), 'anything.example'));
  const listed = rules('0.0.0.0', ['gw.example']);
  t.ok(admitsHost(listed, 'gw.example:8080'));
  t.ok(admitsHost(listed, 'localhost'), 'a health check on the machine itself');
  t.notOk(admitsHost(listed, 'evil.example'));
  const addressed = rules('10.0.0.5', ['gw.example']);
  t.ok(admitsHost(addressed, '10.0.0.5'), 'its own address');
  t.notOk(admitsHost(addressed, 'localhost'));
  t.ok(admitsHost(rules('127.0.0.1', ['*']), 'anything.example'), 'a star switches the check off');
  t.end();
});

t.test('Origins are ours, listed, or local', (t) => {
  const gate = rules('0.0.0.0', ['gw.example'], ['https://App.example', 'vscode-webview://abc']);
  const good = [
    'https://app.example',
    'HTTPS://APP.EXAMPLE',
    'vscode-webview://abc',
    'http://localhost:6274',
    'http://127.0.0.1',
    'http://[::1]:5',
    'http://gw.example',
    'https://gw.example:443',
  ];
  for (const origin of good) t.ok(admitsOrigin(gate, origin), origin);
  const bad = [
    'null',
    'NULL',
    '',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil',
    'https://gw.example:8443',
    'http://localhost.evil',
    'http://evil.example',
    'file://',
    'http://localhost@evil.example',
    'http://localhost:1/x',
    'ftp://localhost',
  ];
  for (const origin of bad) t.notOk(admitsOrigin(gate, origin), origin);
  t.ok(admitsOrigin(gate, 'http://gw.example:8080', 'gw.example:8080'));
  t.end();
});

t.test('an Origin that equals an unknown Host proves nothing: the name may be rebound', (t) => {
  const open = rules('0.0.0.0');
  t.notOk(admitsOrigin(open, 'http://evil.example', 'evil.example'));
  t.ok(admitsOrigin(open, 'http://10.0.0.5:8080', '10.0.0.5:8080'), 'an address cannot be');
  t.notOk(admitsOrigin(open, 'http://10.0.0.6:8080', '10.0.0.5:8080'));
  t.ok(admitsOrigin(rules('0.0.0.0', [], ['*']), 'https://any.example', 'x'), 'a star admits all');
  t.notOk(admitsOrigin(rules('0.0.0.0', [], ['*', 'null']), 'null', 'x'), 'but null');
  t.end();
});
