/** Reading what the gateway answered about alerts; see admin-replies.ts. */
import type { AlertsView, AlertView } from '../admin/operations.js';
import type { SinkTest } from '../telemetry/alert-delivery.js';
import type { AlertNotice } from '../telemetry/alert-notice.js';

export function isAlertsView(value: unknown): value is AlertsView {
  return (
    isRecord(value) &&
    isListOf(isAlertView, value['alerts']) &&
    isListOf(isNotice, value['history'])
  );
}

export function isSinkTests(value: unknown): value is readonly SinkTest[] {
  return isListOf(isSinkTest, value);
}

function isAlertView(value: unknown): value is AlertView {
  return (
    isRecord(value) &&
    hasTexts(value, ['alert', 'severity', 'message', 'since']) &&
    isTextOrNull(value['target']) &&
    typeof value['isActive'] === 'boolean' &&
    typeof value['suppressed'] === 'number' &&
    typeof value['cooldownLeftMs'] === 'number'
  );
}

function isNotice(value: unknown): value is AlertNotice {
  return (
    isRecord(value) &&
    hasTexts(value, ['kind', 'alert', 'message', 'at']) &&
    isTextOrNull(value['target'])
  );
}

function isSinkTest(value: unknown): value is SinkTest {
  return (
    isRecord(value) &&
    hasTexts(value, ['sink']) &&
    typeof value['ok'] === 'boolean' &&
    typeof value['durationMs'] === 'number' &&
    isTextOrNull(value['detail'])
  );
}

function isListOf(guard: (value: unknown) => boolean, value: unknown): boolean {
  return Array.isArray(value) && value.every(guard);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function hasTexts(value: Readonly<Record<string, unknown>>, names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
