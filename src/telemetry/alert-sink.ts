/** A place where alerts go. */
import type { AlertNotice } from './alert-notice.js';

export interface AlertSink {
  /** `webhook` or `command`, for people. */
  readonly name: string;
  /** One attempt, with a deadline of its own. Rejects with AlertSinkError. */
  deliver(notice: AlertNotice): Promise<void>;
}

/** Its message is fit for the log: it holds no URL, header or other secret. */
export class AlertSinkError extends Error {
  override readonly name = 'AlertSinkError';
  /** Whether the same message may get through later. */
  readonly isTemporary: boolean;

  constructor(message: string, isTemporary: boolean) {
    super(message);
    this.isTemporary = isTemporary;
  }
}
