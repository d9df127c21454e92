/**
 * Prompts, resources and completion of the conformance fixture; names and texts as the suite's
 * scenarios ask for them.
 */
import {
  ResourceTemplate,
  acceptedContent,
  completable,
  inputRequired,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { RED_PIXEL_PNG, image, text } from './samples.mjs';

const user = (content) => ({ role: 'user', content });

/** @param {import('@modelcontextprotocol/server').McpServer} server */
export function registerPrompts(server) {
  server.registerPrompt(
    'test_simple_prompt',
    { description: 'A prompt without arguments' },
    () => ({
      messages: [user(text('This is a simple prompt for testing.'))],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'A prompt with two arguments',
      argsSchema: z.object({
        arg1: completable(z.string().describe('First test argument'), (typed) =>
          ['paris', 'park', 'party'].filter((word) => word.startsWith(typed)),
        ),
        arg2: z.string().describe('Second test argument'),
      }),
    },
    ({ arg1, arg2 }) => ({
      messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'A prompt that embeds a resource',
      argsSchema: z.object({ resourceUri: z.string().describe('URI of the resource to embed') }),
    },
    ({ resourceUri }) => ({
      messages: [
        user({
          type: 'resource',
          resource: {
            uri: resourceUri,
            mimeType: 'text/plain',
            text: 'Embedded resource content for testing.',
          },
        }),
        user(text('Please process the embedded resource above.')),
      ],
    }),
  );
  server.registerPrompt(
    'test_prompt_with_image',
    { description: 'A prompt with an image' },
    () => ({
      messages: [user(image), user(text('Please analyze the image above.'))],
    }),
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'A prompt that asks before it answers' },
    (ctx) => {
      const context = acceptedContent(ctx.mcpReq.inputResponses, 'user_context')?.context;
      return typeof context === 'string'
        ? { messages: [user(text(`Context: ${context}`))] }
        : inputRequired({
            inputRequests: {
              user_context: inputRequired.elicit({
                message: 'What context should the prompt use?',
                requestedSchema: {
                  type: 'object',
                  properties: { context: { type: 'string' } },
                  required: ['context'],
                },
              }),
            },
          });
    },
  );
}

/** @param {import('@modelcontextprotocol/server').McpServer} server */
export function registerResources(server) {
  const resource = (name, uri, description, contents) =>
    server.registerResource(name, uri, { description, mimeType: contents.mimeType }, () => ({
      contents: [{ uri, ...contents }],
    }));
  resource('static-text', 'test://static-text', 'A text that never changes', {
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  });
  resource('static-binary', 'test://static-binary', 'An image that never changes', {
    mimeType: 'image/png',
    blob: RED_PIXEL_PNG,
  });
  resource('watched-resource', 'test://watched-resource', 'A resource to subscribe to', {
    mimeType: 'text/plain',
    text: 'Watched resource content',
  });
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'Data by id', mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
}
