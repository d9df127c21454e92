/**
 * Alerts as JSON POSTs. `text` is what chat programs show (Slack's incoming webhooks, which Mattermost and
 * Discord's `/slack` understand too); `alert` holds the same for programs. The URL is the endpoint's
 * password, so no error tells it.
 */
import { errors, request } from 'undici';
import { noticeText, type AlertNotice } from './alert-notice.js';
import { AlertSinkError, type AlertSink } from './alert-sink.js';

export interface AlertWebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

const MAX_ANSWER_BYTES = 16_384;

export function createAlertWebhook({ url, headers, timeoutMs }: AlertWebhookOptions): AlertSink {
  return {
    name: 'webhook',
    async deliver(notice) {
      const { statusCode, body } = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(webhookPayload(notice)),
        signal: AbortSignal.timeout(timeoutMs),
      }).catch((thrown: unknown) => {
        throw new AlertSinkError(failureOf(thrown, timeoutMs), true);
      });
      await body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => undefined);
      if (statusCode < 300) return;
      const isTemporary = statusCode >= 500 || statusCode === 429 || statusCode === 408;
      throw new AlertSinkError(`it answered ${statusCode}`, isTemporary);
    },
  };
}

export function webhookPayload(notice: AlertNotice): Readonly<Record<string, unknown>> {
  return { text: escaped(noticeText(notice)), alert: notice };
}

/** Slack reads `<!channel>` and `<url>` as commands; tool names and errors come from others. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function failureOf(thrown: unknown, timeoutMs: number): string {
  if (!(thrown instanceof Error)) return 'it cannot be reached';
  if (thrown.name === 'TimeoutError' || thrown instanceof errors.HeadersTimeoutError) {
    return `no answer within ${timeoutMs} ms`;
  }
  // Codes only: messages of some errors hold the address with its path.
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : thrown.name;
  return `it cannot be reached (${code})`;
}
