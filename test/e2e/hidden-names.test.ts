/**
 * Rules about the names of prompts and resources, through the running gateway with clients of both SDK
 * generations, on every kind of server: what is hidden is in no list, and answers like what never was.
 */
import t from 'tap';
import {
  fixtureModule,
  fixtureStdioProgram,
  startFixture,
} from '../support/conformance/fixture.js';
import { CLIENT_KINDS, connectClient, type TestClient } from '../support/mcp-clients.js';
import { startGateway } from '../support/start-gateway.js';

t.setTimeout(240_000);

const RULES = {
  prompts: { allow: ['test_*'], deny: ['*_image', 'test_prompt_with_*'] },
  resources: { allow: ['test://static-*', 'test://template/*'], deny: ['*binary', '*/secret/*'] },
};
const SERVERS = ['http', 'stdio', 'module'];

/** The error's own words and code, without the name that was asked for. */
async function refusal(call: Promise<unknown>, name: string) {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) return null;
  return {
    code: 'code' in error ? error.code : null,
    message: error.message.replaceAll(name, 'X'),
  };
}

t.test('prompts and resources that rules hide are nowhere', async (t) => {
  const fixture = await startFixture();
  t.teardown(() => fixture.program.destroy());
  const http = { url: fixture.url };
  const gateway = await startGateway({
    config: {
      global: { workers: 2 },
      servers: {
        http: { ...http, ...RULES },
        stdio: { command: process.execPath, args: [fixtureStdioProgram], ...RULES },
        module: { module: fixtureModule, ...RULES },
        closed: { ...http, prompts: { deny: ['*'] }, resources: { allow: ['test://watched-*'] } },
        open: http,
      },
    },
  });
  t.teardown(() => gateway.destroy());
  const key = await gateway.makeKey('ana');
  const using = async (
    kind: (typeof CLIENT_KINDS)[number],
    server: string,
    work: (client: TestClient) => Promise<void>,
  ) => {
    const client = await connectClient(kind, gateway.endpoint(server), key);
    try {
      await work(client);
    } finally {
      await client.close();
    }
  };

  for (const kind of CLIENT_KINDS) {
    for (const server of SERVERS) {
      await t.test(`${kind}, ${server}`, (t) =>
        using(kind, server, async (client) => {
          t.same(await client.listPrompts(), [
            'test_simple_prompt',
            'test_input_required_result_prompt',
          ]);
          t.same(await client.listResources(), ['test://static-text']);
          t.same(await client.listResourceTemplates(), ['test://template/{id}/data']);
          t.match(await client.getPrompt('test_simple_prompt'), /simple prompt/);
          t.match(await client.readResource('test://static-text'), /static text resource/);
          t.match(await client.readResource('test://template/7/data'), /Data for ID: 7/);

          for (const ask of [
            (name: string) => client.getPrompt(name),
            (name: string) => client.complete(name, 'arg1', 'par'),
          ]) {
            const hidden = 'test_prompt_with_arguments';
            const never = 'test_prompt_with_nothing';
            const refused = await refusal(ask(hidden), hidden);
            t.type(refused?.code, 'number');
            t.same(refused, await refusal(ask(never), never), 'like a prompt that never was');
          }
          const never = await refusal(client.readResource('test://never-was'), 'test://never-was');
          t.type(never?.code, 'number');
          for (const hidden of [
            'test://static-binary',
            'test://watched-resource',
            'test://template/secret/data',
            'test://template/%73ecret/data',
            'test://template/x/../secret/data',
          ]) {
            t.same(await refusal(client.readResource(hidden), hidden), never, hidden);
          }
          if (kind !== 'sdk-2') {
            const watched = 'test://watched-resource';
            const nothing = 'test://never-was';
            const refused = await refusal(client.subscribe(watched), watched);
            t.type(refused?.code, 'number');
            t.same(refused, await refusal(client.subscribe(nothing), nothing));
            await client.subscribe('test://static-text');
          }
        }),
      );
    }
    await t.test(`${kind}: another server's rules are its own`, async (t) => {
      await using(kind, 'closed', async (client) => {
        t.same(await client.listPrompts(), []);
        t.same(await client.listResources(), ['test://watched-resource']);
        t.same(await client.listResourceTemplates(), []);
        t.match(await client.readResource('test://watched-resource'), /Watched/);
      });
      await using(kind, 'open', async (client) => {
        t.ok((await client.listPrompts()).includes('test_prompt_with_image'));
        t.ok((await client.listResources()).includes('test://static-binary'));
        t.same(await client.complete('test_prompt_with_arguments', 'arg1', 'par'), [
          'paris',
          'park',
          'party',
        ]);
      });
    });
  }
});
