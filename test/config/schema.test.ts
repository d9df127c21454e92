import { parse } from 'jsonc-parser';
import t from 'tap';
import { configFile } from '../../config/schema.js';
import { SPECIFIED_FILE } from './specified-file.js';

void t.test('the file of the specification is valid, and each of its keys is one of ours', (t) => {
  const value: unknown = parse(SPECIFIED_FILE);
  const result = configFile.safeParse(value);
  t.ok(result.success);
  t.match(result.data, value);
  t.end();
});

void t.test('every group may be absent', (t) => {
  const { global, http, auth, logging, alerting, store, machines, servers, mcpServers } =
    configFile.parse({});
  for (const group of [
    global,
    http,
    auth,
    logging,
    alerting,
    store,
    machines,
    servers,
    mcpServers,
  ]) {
    t.type(group, 'object');
  }
  t.end();
});

void t.test('a rate that is absent means no limit of that kind', (t) => {
  const { global } = configFile.parse({});
  t.strictSame(
    [global.rateLimitTokens, global.perUserLimit, global.perServerLimit],
    [undefined, undefined, undefined],
  );
  t.end();
});
