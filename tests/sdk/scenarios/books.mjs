// After everything else: the books balance, and nothing that was to be kept secret was written down.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surfaces } from '../lib/scripts.mjs';
import { upstreamKeys } from '../lib/upstream.mjs';
import { dollars, units } from '../lib/usd.mjs';

export function books(rig) {
  test('the ledger balances', async () => {
    const report = await rig().control.get('/ledger/verify');

    assert.equal(report.ok, true, JSON.stringify(report));
    assert.equal(report.sum, '0.00000000');
  });

  for (const surface of surfaces) {
    test(`every ${surface} request explains its part of the wallet`, async () => {
      const user = rig().users[surface];
      const wallet = await rig().settledWallet(user);
      let spent = 0n;
      const list = `/requests?user_id=${user.id}&limit=100`;
      let path = list;
      while (path) {
        const page = await rig().control.get(path);
        page.data.filter((entry) => entry.user_id === user.id).forEach((entry) => { spent += units(entry.cost); });
        path = page.next_cursor && `${list}&cursor=${encodeURIComponent(page.next_cursor)}`;
      }

      assert.equal(dollars(units('5.00000000') - spent), wallet.balance);
      assert.equal(wallet.available, wallet.balance);
    });
  }

  test('no key stands in a log or in the output', () => {
    const written = rig().product.output + rig().product.logs();
    assert.ok(written.includes('== gateway.log') && written.includes('== control-plane.log'), 'there are no logs');

    const keys = [...surfaces.map((surface) => rig().users[surface].key), ...Object.values(upstreamKeys)];
    assert.deepEqual(keys.filter((key) => written.includes(key)), []);
  });

  test('the upstream was never called with a wrong key', () => {
    assert.deepEqual(rig().upstream.requests.filter((request) => request.isKeyWrong || request.fault), []);
  });
}
