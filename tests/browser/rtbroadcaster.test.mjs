/** Pages that speak the protocol of rtbroadcaster's README themselves: each of its exchanges. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

let browser;
let server;

before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.interrupt();
});

/** A tab with a WebSocket, whose messages `next` waits for in turn. */
async function connect(path) {
  const page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.evaluate(async (path) => {
    const texts = [];
    let news = () => {};
    const socket = new WebSocket(`ws://${location.host}${path}`);
    socket.onmessage = ({ data }) => news(texts.push(data));
    const closed = new Promise((closed) => (socket.onclose = ({ code }) => closed(code)));
    await new Promise((opened) => (socket.onopen = opened));
    const next = async () => {
      while (texts.length === 0) await new Promise((resolve) => (news = resolve));
      return texts.shift();
    };
    window.peer = { say: (text) => socket.send(text), next, closed, texts };
  }, path);
  return {
    say: (message) => page.evaluate((text) => window.peer.say(text), JSON.stringify(message)),
    next: async () => JSON.parse(await page.evaluate(() => window.peer.next())),
    closed: () => page.evaluate(() => window.peer.closed),
    left: () => page.evaluate(() => window.peer.texts),
  };
}

const message = (uuid, value, text, funcKey = '', funcParams = [], stateMessage = false) => ({
  uuid,
  status: { value, text },
  funcKey,
  funcParams,
  stateMessage,
});

for (const path of ['/broadcast', '/broadcasting']) {
  test(`every exchange of the README at ${path}`, async () => {
    const owner = await connect(path);
    await owner.say(message('', 1, 'new connection'));
    const { token, states, ...created } = await owner.next();
    const { uuid } = created;
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual(created, message(uuid, 3, 'connected'));
    assert.deepEqual([typeof token, states], ['string', 0]);

    const join = async (expected) => {
      const member = await connect(path);
      await member.say(message(uuid, 2, 'join connection'));
      const { states, ...joined } = await member.next();
      assert.deepEqual(joined, message(uuid, 3, 'connected'));
      assert.equal(states, expected);
      return member;
    };

    const members = [await join(0), await join(0)];
    const params = ['param1', 'param2', 'param3'];
    const action = message(uuid, 3, 'connected', 'myKey', params);
    const first = message(uuid, 3, 'connected', 'first', ['old'], true);
    const second = message(uuid, 3, 'connected', 'second', params, true);
    const again = message(uuid, 3, 'connected', 'first', ['new'], true);
    for (const said of [action, first, second, again]) {
      await owner.say(said);
      for (const member of members) assert.deepEqual(await member.next(), said);
    }

    const late = await join(2);
    assert.deepEqual(await late.next(), second);
    assert.deepEqual(await late.next(), again);

    await owner.say(message(uuid, 4, 'close connection'));
    for (const peer of [owner, late, ...members]) {
      const { status, ...rest } = await peer.next();
      assert.equal(status.value, 0);
      assert.deepEqual({ status: { value: 0, text: '' }, ...rest }, message(uuid, 0, ''));
      assert.equal(await peer.closed(), 1000);
      assert.deepEqual(await peer.left(), []);
    }
  });
}
