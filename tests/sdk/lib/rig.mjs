// Everything a scenario needs: the product, the scripted upstream behind it, a paying user for each SDK, and the books.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Control } from './control.mjs';
import { admin, startProduct } from './product.mjs';
import { recorder } from './recorder.mjs';
import { faultScriptsOf, goodScripts, modelOf, surfaces } from './scripts.mjs';
import { startUpstream, upstreamKeys } from './upstream.mjs';
import { charge, dollars, evaluateFormula, units } from './usd.mjs';
import { until } from './wait.mjs';

const providers = { chat: 'openai', responses: 'openai', claude: 'anthropic', gemini: 'gemini' };

/** Uneven on purpose: no charge comes out round, and no class can pass for another. */
const price = {
  input: '2.71828182', output: '13.37000001', cache_read: '0.27182818', cache_write_5m: '3.39785227',
  cache_write_1h: '5.43656364',
};

const credit = '5.00000000';

export async function startRig() {
  const upstream = await startUpstream();
  try {
    const rig = new Rig(upstream, await startProduct());
    await rig.setUp().catch(async (error) => {
      await rig.product.stop();
      throw new Error(`${error.message}\n${rig.product.output}`, { cause: error });
    });
    return rig;
  } catch (error) {
    await upstream.close();
    throw error;
  }
}

class Rig {
  price = price;
  users = {};

  constructor(upstream, product) {
    this.upstream = upstream;
    this.product = product;
    this.base = product.gateway;
    this.control = new Control(product.console);
  }

  async setUp() {
    await this.control.signIn(admin.email, admin.password);
    await this.control.put('/prices', { model: '*', ...price });
    for (const surface of surfaces) {
      this.users[surface] = await this.addUser(surface, credit);
      await this.#addChannel(surface, 'good', goodScripts);
      for (const script of faultScriptsOf(surface)) {
        await this.#addChannel(surface, script, [script]);
      }
    }
    const models = surfaces.flatMap((surface) => [...goodScripts, ...faultScriptsOf(surface)]).length;
    await until('the gateway to know every model', async () => (await this.#modelCount()) === models);
  }

  async stop() {
    const ended = await this.product.stop();
    await this.upstream.close();
    return ended;
  }

  /** A member with his own wallet and a key; no credit when none is given. */
  async addUser(name, amount) {
    const email = `${name}-${randomBytes(4).toString('hex')}@example.com`;
    const password = randomBytes(12).toString('hex');
    const { id } = await this.control.post('/users', { email, password, role: 'member' });
    if (amount) {
      await this.control.post(`/users/${id}/credits`, { amount, reason: 'sdk tests' });
    }
    const { secret } = await this.addKey(id);
    return { id, key: secret };
  }

  addKey = (user, limits) => this.control.post('/keys', { name: 'sdk tests', user_id: user, ...limits });

  /** An SDK's client with the user's key, and the record of what it sends and gets. */
  open(sdk, { key = this.users[sdk.surface].key, retries } = {}) {
    const record = recorder();
    return { client: sdk.client({ base: this.base, key, fetch: record.fetch, retries }), record };
  }

  /** A text that finds one request again at the upstream. */
  mark = () => `mark ${randomBytes(8).toString('hex')}`;

  model = (sdk, script) => modelOf(sdk.surface, script);

  wallet = (user) => this.control.get(`/users/${user.id}/wallet`);

  /** The wallet once nothing is held: what it says then no longer changes by itself. */
  settledWallet = (user) => until('every hold to be gone', async () => {
    const wallet = await this.wallet(user);
    return units(wallet.held) === 0n && wallet;
  });

  /** The books' entry of a request, once it is there. */
  request = (id) => until(`request ${id} in the books`, () => this.control.find(`/requests/${id}`));

  /**
   * Runs one billed call and holds the books to it: the entry's arithmetic is right, the wallet falls by exactly its
   * cost and nothing stays held. Gives the entry and what the call gave.
   */
  async billed(sdk, act, user = this.users[sdk.surface]) {
    const before = await this.settledWallet(user);
    const { client, record } = this.open(sdk, { key: user.key });
    const result = await act(client, record);
    const entry = await this.request(record.requestId());
    const after = await this.settledWallet(user);

    assert.equal(entry.user_id, user.id);
    const { computed, stated } = evaluateFormula(entry.formula);
    assert.equal(dollars(computed), entry.cost, `the formula ${entry.formula} does not come to the cost`);
    assert.equal(dollars(stated), entry.cost);
    assert.equal(dollars(this.costOf(entry.usage)), entry.cost, 'the cost is not usage times price');
    const fallen = dollars(units(before.balance) - units(after.balance));
    assert.equal(fallen, entry.cost, 'the wallet fell by something else');
    assert.equal(after.available, after.balance);
    return { entry, result, record };
  }

  costOf(usage) {
    return charge(this.price, {
      input: usage.input, cacheRead: usage.cache_read, cacheWrite5m: usage.cache_write_5m + usage.cache_write_other,
      cacheWrite1h: usage.cache_write_1h, output: usage.output,
    });
  }

  async #addChannel(surface, name, scripts) {
    const provider = providers[surface];
    await this.control.post('/channels', {
      name: `${surface}-${name}`, provider, base_url: this.upstream.url,
      credential: { type: 'api_key', api_key: upstreamKeys[provider] },
      models: scripts.map((script) => modelOf(surface, script)),
    });
  }

  async #modelCount() {
    const response = await fetch(`${this.base}/v1/models`, {
      headers: { authorization: `Bearer ${this.users.chat.key}` }, signal: AbortSignal.timeout(5_000),
    });
    return response.ok ? (await response.json()).data.length : 0;
  }
}
