/** The primary's end of a worker's IPC channel, played by a test. */
import { EventEmitter, once } from 'node:events';

export class FakeChannel extends EventEmitter {
  readonly sent: Record<string, unknown>[] = [];

  send(message: unknown): boolean {
    this.sent.push(message as Record<string, unknown>);
    this.emit('sent');
    return true;
  }

  /** The oldest message not yet taken. */
  async next(): Promise<Record<string, unknown>> {
    for (;;) {
      const message = this.sent[0];
      if (message !== undefined) return message;
      await once(this, 'sent');
    }
  }

  /** Answers the oldest question. */
  answer(status: number, body: string): void {
    const question = this.sent.shift();
    this.emit('message', { type: 'answer', query: question?.['query'], status, body });
  }
}
