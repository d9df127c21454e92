/** While the master key is rotated: whether the former one may go yet. Only the running gateway knows both. */
import { expect, isStatusView } from '../admin-replies.js';
import type { Patient } from './check.js';
import { fine, warning, type Finding } from './finding.js';

export async function examineMasterKey({ gateway }: Patient): Promise<readonly Finding[]> {
  if (gateway === null) return [];
  const { onFormerMasterKey } = expect(isStatusView, await gateway.ask('GET', '/status'));
  if (onFormerMasterKey === null || onFormerMasterKey === undefined) return [];
  const { apiKeys, credentials, servers } = onFormerMasterKey;
  if (apiKeys + credentials + servers === 0) {
    return [
      fine('master key', 'nothing needs MULTI_MCP_MASTER_KEY_PREVIOUS any more: take it away'),
    ];
  }
  const message = `${apiKeys} API keys, ${credentials} credentials and ${servers} servers still need MULTI_MCP_MASTER_KEY_PREVIOUS`;
  const fix =
    credentials + servers > 0
      ? 'multi-mcp credentials rotate'
      : 'each key changes over when it is used; multi-mcp keys list shows which, revoke what nobody uses';
  return [warning('master key', message, fix)];
}
