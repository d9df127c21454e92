/** deploy/compose.yml against the program, the image and the files that it mounts, as far as no engine is needed. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { repository } from '../support/repository.js';
import { readYaml, yamlAt, type Yaml } from '../support/read-yaml.js';

const DEPLOY = join(repository, 'deploy');
const text = (...names: string[]): string => readFileSync(join(repository, ...names), 'utf8');
const yaml = (...names: string[]): Yaml => readYaml(text('deploy', ...names));

const compose = yaml('compose.yml');
const at = (...path: (string | number)[]): Yaml | undefined => yamlAt(compose, ...path);
const asText = (value: Yaml | undefined): string => (typeof value === 'string' ? value : '');
const textAt = (...path: string[]): string => asText(at(...path));
const keysOf = (value: Yaml | undefined): readonly string[] => Object.keys(value ?? {});
const textsOf = (value: Yaml | undefined): readonly string[] =>
  (Array.isArray(value) ? value : []).map(String);
const services = keysOf(at('services'));

interface Mount {
  readonly from: string;
  readonly to: string;
  readonly mode: string | undefined;
}
const mountsOf = (service: string): readonly Mount[] =>
  textsOf(at('services', service, 'volumes')).map((each) => {
    const [from = '', to = '', mode] = each.split(':');
    return { from, to, mode };
  });
/** The file of deploy/ that a service finds at this path. */
const mountedAt = (service: string, path: string): string | undefined =>
  mountsOf(service).find(({ to }) => to === path)?.from;

t.test('every name that is referred to is declared, and every declared one is used', (t) => {
  t.strictSame(services, ['gateway', 'mongodb', 'prometheus', 'grafana']);
  const all = services.flatMap(mountsOf);
  const volumes = all.map(({ from }) => from).filter((from) => !from.startsWith('.'));
  t.strictSame(new Set(volumes), new Set(keysOf(at('volumes'))));
  t.equal(volumes.length, new Set(volumes).size, 'no two services write to one volume');
  const networks = services.flatMap((each) => textsOf(at('services', each, 'networks')));
  t.strictSame(new Set(networks), new Set(keysOf(at('networks'))));
  for (const service of services) {
    const needed = at('services', service, 'depends_on');
    const names = Array.isArray(needed) ? textsOf(needed) : keysOf(needed);
    for (const name of names) t.ok(services.includes(name), `${service} depends on ${name}`);
    t.equal(at('services', service, 'restart'), 'on-failure', `${service} comes back`);
  }
  t.end();
});

t.test('what is mounted from here is there, and nobody can write to it', (t) => {
  const own = services.flatMap(mountsOf).filter(({ from }) => from.startsWith('.'));
  t.ok(own.length >= 5);
  for (const { from, mode } of own) {
    t.ok(existsSync(join(DEPLOY, from)), `${from} is there`);
    t.equal(mode, 'ro', from);
  }
  t.end();
});

t.test('images stay what they are until somebody changes them', (t) => {
  for (const service of services) {
    const image = textAt('services', service, 'image');
    if (service === 'gateway') t.match(image, /:local$/, 'ours is built here');
    else t.match(image, /^[\w./-]+:v?\d+\.\d+(\.\d+)?$/, image);
  }
  const context = textAt('services', 'gateway', 'build', 'context');
  t.ok(statSync(join(DEPLOY, context, 'Dockerfile')).isFile());
  t.end();
});

t.test('the gateway is healthy by its own word, and MongoDB before it', (t) => {
  t.equal(at('services', 'gateway', 'healthcheck'), undefined, 'so the image’s counts');
  t.match(
    text('Dockerfile').replaceAll('\\\n', ' '),
    /^HEALTHCHECK .* CMD \["node", "dist\/src\/cli\/main\.js", "health"\]$/m,
  );
  t.equal(at('services', 'gateway', 'depends_on', 'mongodb', 'condition'), 'service_healthy');
  t.equal(yamlAt(compose, 'services', 'mongodb', 'healthcheck', 'test', 0), 'CMD');
  t.end();
});

t.test('every variable of the gateway is one that it reads, with the database as its host', (t) => {
  const documented = text('docs', 'configuration.md');
  const variables = at('services', 'gateway', 'environment');
  t.ok(keysOf(variables).length > 0);
  for (const name of keysOf(variables)) t.ok(documented.includes(`\`${name}\``), name);
  const uri = textAt('services', 'gateway', 'environment', 'MONGODB_URI');
  const [, host = ''] = /^\$\{MONGODB_URI-mongodb:\/\/(\w+):27017\/[\w-]+\}$/.exec(uri) ?? [];
  t.ok(services.includes(host), `${uri}: set but empty stays empty`);
  const shared = textsOf(at('services', host, 'networks'));
  t.ok(textsOf(at('services', 'gateway', 'networks')).some((each) => shared.includes(each)));
  t.equal(at('services', 'gateway', 'environment', 'JWT_SECRET'), null, 'never in the file');
  t.end();
});

t.test('the gateway’s volumes are the folders of the image; the rest is read-only', (t) => {
  const image = text('Dockerfile').replaceAll('\\\n', ' ');
  for (const name of ['DATA_DIR', 'LOG_DIR']) {
    const [, folder = ''] = new RegExp(`\\b${name}=(\\S+)`).exec(image) ?? [];
    t.ok(mountedAt('gateway', folder), `${name} ${folder}`);
  }
  t.match(at('services', 'gateway'), {
    read_only: 'true',
    init: 'true',
    tmpfs: ['/tmp'],
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
  t.end();
});

t.test('limits of the container are those that docs/operations.md asks for', (t) => {
  const page = text('docs', 'operations.md');
  const asked = (name: string): string | undefined =>
    new RegExp(`^\\| \`[^|]*${name}[^|]*\\| (\\d+) \\|`, 'm').exec(page)?.[1];
  const sysctls = at('services', 'gateway', 'sysctls');
  t.ok(keysOf(sysctls).length > 0);
  for (const name of keysOf(sysctls)) {
    t.equal(yamlAt(compose, 'services', 'gateway', 'sysctls', name), asked(name), name);
  }
  t.equal(at('services', 'gateway', 'ulimits', 'nofile'), asked('LimitNOFILE'));
  t.end();
});

t.test(
  'Prometheus scrapes the port of the gateway, whose network it is in, with our rules',
  (t) => {
    t.equal(at('services', 'prometheus', 'network_mode'), 'service:gateway');
    const [, port = ''] = /\bPORT=(\d+)/.exec(text('Dockerfile')) ?? [];
    const file = mountedAt('prometheus', '/etc/prometheus/prometheus.yml');
    const scrape = yaml(String(file));
    t.strictSame(yamlAt(scrape, 'scrape_configs', 0, 'static_configs', 0, 'targets'), [
      `127.0.0.1:${port}`,
    ]);
    t.ok(textsOf(at('services', 'gateway', 'ports')).includes(`127.0.0.1:${port}:${port}`));
    const rules = textsOf(yamlAt(scrape, 'rule_files'));
    t.ok(rules.length > 0);
    for (const name of rules) {
      const from = mountedAt('prometheus', join('/etc/prometheus', name));
      t.ok(keysOf(yaml(String(from))).includes('groups'), name);
    }
    const jobs = [...text('deploy', 'prometheus-rules.yml').matchAll(/job="([^"]+)"/g)];
    t.strictSame(
      new Set(jobs.map(([, job]) => job)),
      new Set([yamlAt(scrape, 'scrape_configs', 0, 'job_name')]),
      'rules select the job by its name',
    );
    t.end();
  },
);

t.test('Grafana finds Prometheus, its provisioning and the dashboard where it looks', (t) => {
  const provisioning = '/etc/grafana/provisioning';
  const sources = String(mountedAt('grafana', `${provisioning}/datasources`));
  const providers = String(mountedAt('grafana', `${provisioning}/dashboards`));
  const source = yamlAt(yaml(sources, 'prometheus.yml'), 'datasources', 0) ?? null;
  const [, host = '', port = ''] =
    /^http:\/\/(\w+):(\d+)$/.exec(asText(yamlAt(source, 'url'))) ?? [];
  const owner = textAt('services', 'prometheus', 'network_mode').replace('service:', '');
  t.equal(host, owner, 'under the name of the service whose network Prometheus is in');
  t.ok(textsOf(at('services', owner, 'ports')).some((each) => each.endsWith(`:${port}`)));
  const shared = textsOf(at('services', 'grafana', 'networks'));
  t.ok(textsOf(at('services', owner, 'networks')).some((each) => shared.includes(each)));

  const home = textAt(
    'services',
    'grafana',
    'environment',
    'GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH',
  );
  const dashboard = mountedAt('grafana', home);
  const folder = yamlAt(yaml(providers, 'multi-mcp.yml'), 'providers', 0, 'options', 'path');
  t.ok(home.startsWith(`${asText(folder)}/`));
  const json = text('deploy', String(dashboard));
  t.type((JSON.parse(json) as { title: unknown }).title, 'string');
  t.end();
});
