/** The settings of alerts that are no thresholds: how long a level must last, and who is told. */
import { z } from 'zod';
import { count, headers, httpUrl, milliseconds, text } from './value-kinds.js';

const webhook = z.strictObject({
  url: httpUrl.describe(
    'Gets every alert and recovery as a JSON POST that Slack, Mattermost and Discord (`/slack`) understand.',
  ),
  headers: headers.default({}).describe('Headers sent along.'),
  timeout: milliseconds(100, 60_000).default(5000).describe('Longest wait for its answer.'),
});

const command = z.strictObject({
  file: text.describe('Program to start, without a shell; the alert is JSON on standard input.'),
  args: z.array(z.string()).default([]).describe('Its arguments.'),
  timeout: milliseconds(100, 300_000).default(10_000).describe('It is killed after this long.'),
});

export const alertingGroup = z.strictObject({
  sustainedFor: milliseconds(0, 3_600_000)
    .default(10_000)
    .describe('A level must be too high for this long to be an alert, and low again to be over.'),
  window: milliseconds(1000, 3_600_000)
    .default(60_000)
    .describe('Response times, failures and refusals are looked at over this long.'),
  rateLimitRefusals: count(1, 1_000_000_000)
    .default(10)
    .describe('Calls that one rate limit refuses within `window`, from which it is an alert.'),
  webhook: webhook.optional().describe('Alerts to an HTTP endpoint; the log has them in any case.'),
  command: command.optional().describe('Alerts to a program.'),
});
