// The product between the agents and the upstream that checks them: one channel for each dialect, one model on each.

import { randomBytes } from 'node:crypto';
import { Control } from '../control.mjs';
import { admin, startProduct } from '../product.mjs';
import { until } from '../wait.mjs';
import { startAgentUpstream } from './upstream.mjs';

/** What an agent asks for, the channel's provider, and the name under which the upstream knows the model. */
export const targets = {
  chat: { model: 'agent-on-chat', provider: 'openai_compatible', upstream: 'gpt-4o' },
  responses: { model: 'agent-on-responses', provider: 'openai', upstream: 'gpt-5', apis: ['responses'] },
  claude: { model: 'agent-on-claude', provider: 'anthropic', upstream: 'claude-sonnet-4-6' },
  gemini: { model: 'agent-on-gemini', provider: 'gemini', upstream: 'gemini-3-pro-preview' },
};

export async function startAgentRig() {
  const upstream = await startAgentUpstream();
  const product = await startProduct();
  const control = new Control(product.console);
  await control.signIn(admin.email, admin.password);
  await control.put('/prices', { model: '*', input: '2', output: '8', cache_read: '0.2' });
  for (const { model, provider, upstream: name, apis } of Object.values(targets)) {
    await control.post('/channels', {
      name: model, provider, base_url: upstream.url, credential: { type: 'api_key', api_key: 'sk-upstream-agents-1f2e' },
      models: [model], model_map: { [model]: name }, ...(apis ? { apis } : {}),
    });
  }
  const password = randomBytes(12).toString('hex');
  const user = await control.post('/users', { email: 'agents@example.com', password, role: 'member' });
  await control.post(`/users/${user.id}/credits`, { amount: '50.00000000', reason: 'agents' });
  const { secret } = await control.post('/keys', { name: 'agents', user_id: user.id });
  await until('the gateway to know every model', async () => {
    const answer = await fetch(`${product.gateway}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
    return answer.ok && (await answer.json()).data.length === Object.keys(targets).length;
  });
  return {
    upstream, base: product.gateway, key: secret, control, user,
    async stop() {
      await product.stop();
      await upstream.close();
    },
  };
}
