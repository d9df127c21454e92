/** What a channel source tells of itself, for `/health`, metrics and the dashboard. */
import type { HostServerStatus } from '../ipc/host-messages.js';

export type SourceStatus = Omit<HostServerStatus, 'name' | 'sessions'>;

export interface StatusSource {
  status(): SourceStatus;
}
