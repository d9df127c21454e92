/**
 * The tools that need something from the client: sampling, elicitation, roots. Each returns what it
 * still needs (`input_required`); towards a 2025 session the SDK turns that into server-to-client
 * requests on the call's own stream, so both eras run the same handler (SEP-2322).
 */
import {
  createRequestStateCodec,
  acceptedContent,
  fromJsonSchema,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import { text, textResult } from './samples.mjs';

const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** Fixed, because any instance of the fixture may get the retry; it protects nothing of value. */
export const requestState = createRequestStateCodec({
  key: new TextEncoder().encode('conformance fixture, not a secret'),
  ttlSeconds: 300,
});

const noArguments = fromJsonSchema({ type: 'object', properties: {} });

/** One required property of a form. */
const form = (property, type = 'string') => ({
  type: 'object',
  properties: { [property]: { type } },
  required: [property],
});
const elicit = (message, requestedSchema) => inputRequired.elicit({ message, requestedSchema });
const sample = (prompt, maxTokens) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(prompt) }], maxTokens });

const defaultsForm = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'User name', default: 'John Doe' },
    age: { type: 'integer', description: 'User age', default: 30 },
    score: { type: 'number', description: 'User score', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', description: 'Verification status', default: true },
  },
  required: [],
};

const titled = (noun) =>
  ['First', 'Second', 'Third'].map((nth, i) => ({
    const: `value${i + 1}`,
    title: `${nth} ${noun}`,
  }));
const options = ['option1', 'option2', 'option3'];
const enumsForm = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
  required: [],
};

/** The client's answers of this round, by the keys we asked under. */
const answered = (ctx, key) => inputResponse(ctx.mcpReq.inputResponses, key);
const accepted = (ctx, key) => acceptedContent(ctx.mcpReq.inputResponses, key);

/** Asks one question under `key` until it is answered, then lets `done` make the result. */
const ask = (key, question, done) => (args, ctx) => {
  const view = answered(ctx, key);
  return view.kind === 'missing'
    ? inputRequired({ inputRequests: { [key]: question(args) } })
    : done(view, args);
};
const spokenText = (view) =>
  view.kind === 'sampling' && view.result.content.type === 'text' ? view.result.content.text : '';
const outcome = (view) => `action=${view.action}, content=${JSON.stringify(view.content ?? {})}`;

/** @param {import('@modelcontextprotocol/server').McpServer} server */
export function registerAskingTools(server) {
  const tool = (name, description, handler, inputSchema = noArguments) =>
    server.registerTool(name, { description, inputSchema }, handler);

  tool(
    'test_sampling',
    'Asks the client to sample a prompt',
    ask(
      'completion',
      ({ prompt }) => sample(prompt, 100),
      (view) => textResult(`LLM response: ${spokenText(view)}`),
    ),
    fromJsonSchema(form('prompt')),
  );
  // Asking for what the client did not declare is refused by the SDK with -32021 and HTTP 400.
  tool(
    'test_missing_capability',
    'Needs the sampling capability',
    ask(
      'completion',
      () => sample('Say something', 10),
      (view) => textResult(spokenText(view)),
    ),
  );
  tool(
    'test_elicitation',
    'Asks the user for a name and an address',
    ask(
      'details',
      ({ message }) =>
        elicit(message, {
          type: 'object',
          properties: {
            username: { type: 'string', description: "User's response" },
            email: { type: 'string', description: "User's email address" },
          },
          required: ['username', 'email'],
        }),
      (view) => textResult(`User response: ${outcome(view)}`),
    ),
    fromJsonSchema(form('message')),
  );
  tool(
    'test_elicitation_sep1034_defaults',
    'Asks with a default for every primitive type',
    ask(
      'form',
      () => elicit('Please review and update the form fields with defaults', defaultsForm),
      (view) => textResult(`Elicitation completed: ${outcome(view)}`),
    ),
  );
  tool(
    'test_elicitation_sep1330_enums',
    'Asks with every kind of enum',
    ask(
      'form',
      () => elicit('Please select options from the enum fields', enumsForm),
      (view) => textResult(`Elicitation completed: ${outcome(view)}`),
    ),
  );
  tool('test_streaming_elicitation', 'Reports progress, then asks', async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken ?? 'test_streaming_elicitation';
    await ctx.mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress: 1, total: 2 },
    });
    return accepted(ctx, 'answer') === undefined
      ? inputRequired({ inputRequests: { answer: elicit('Go on?', form('answer')) } })
      : textResult('Streaming elicitation completed');
  });

  tool('test_input_required_result_elicitation', 'Asks for a name', (_args, ctx) => {
    const name = accepted(ctx, 'user_name')?.name;
    return typeof name === 'string'
      ? textResult(`Hello, ${name}!`)
      : inputRequired({
          inputRequests: { user_name: elicit('What is your name?', form('name')) },
        });
  });
  tool(
    'test_input_required_result_sampling',
    'Asks the model for a capital',
    ask(
      'capital_question',
      () => sample('What is the capital of France?', 100),
      (view) => textResult(spokenText(view)),
    ),
  );
  tool(
    'test_input_required_result_list_roots',
    'Asks for the roots',
    ask(
      'client_roots',
      () => inputRequired.listRoots(),
      (view) =>
        textResult(view.kind === 'roots' ? view.roots.map((root) => root.uri).join('\n') : ''),
    ),
  );

  registerStatefulTools(tool);

  tool(
    'test_input_required_result_capabilities',
    'Asks only for what the client declared',
    (_args, ctx) => {
      const declared =
        ctx.mcpReq.envelope?.[CLIENT_CAPABILITIES] ?? server.server.getClientCapabilities() ?? {};
      const inputRequests = {
        ...(declared.sampling && { greeting: sample('Generate a greeting', 50) }),
        ...(declared.elicitation && { user_name: elicit('What is your name?', form('name')) }),
      };
      const isDone = Object.keys(inputRequests).every(
        (key) => answered(ctx, key).kind !== 'missing',
      );
      return isDone ? textResult('Nothing left to ask') : inputRequired({ inputRequests });
    },
  );
}

/** Those that carry sealed state from one round to the next. */
function registerStatefulTools(tool) {
  const confirm = async (_args, ctx) => {
    const state = ctx.mcpReq.requestState();
    if (state?.asked === 'confirm' && accepted(ctx, 'confirm')?.ok === true) {
      return textResult('state-ok');
    }
    return inputRequired({
      inputRequests: { confirm: elicit('Please confirm', form('ok', 'boolean')) },
      requestState: await requestState.mint({ asked: 'confirm' }),
    });
  };
  tool('test_input_required_result_request_state', 'Carries state over one round', confirm);
  tool('test_input_required_result_tampered_state', 'Refuses changed state', confirm);

  tool(
    'test_input_required_result_multiple_inputs',
    'Asks three things at once',
    async (_args, ctx) => {
      const keys = ['user_name', 'greeting', 'client_roots'];
      if (ctx.mcpReq.requestState() && keys.every((key) => answered(ctx, key).kind !== 'missing')) {
        return textResult(`Thank you, ${String(accepted(ctx, 'user_name')?.name)}`);
      }
      return inputRequired({
        inputRequests: {
          user_name: elicit('What is your name?', form('name')),
          greeting: sample('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await requestState.mint({ asked: keys }),
      });
    },
  );
  tool(
    'test_input_required_result_multi_round',
    'Asks twice, one after the other',
    async (_args, ctx) => {
      const state = ctx.mcpReq.requestState();
      const color = accepted(ctx, 'step2')?.color;
      if (state?.round === 2 && typeof color === 'string') {
        return textResult(`${state.name} likes ${color}`);
      }
      const name = accepted(ctx, 'step1')?.name ?? state?.name;
      if (state !== undefined && typeof name === 'string') {
        return inputRequired({
          inputRequests: {
            step2: elicit('Step 2: What is your favorite color?', form('color')),
          },
          requestState: await requestState.mint({ round: 2, name }),
        });
      }
      return inputRequired({
        inputRequests: { step1: elicit('Step 1: What is your name?', form('name')) },
        requestState: await requestState.mint({ round: 1 }),
      });
    },
  );
}
