import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

let browser;
let server;
/** What pages complained about. */
let complaints = [];

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  complaints = [];
  server = await serve();
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  await server.interrupt();
});

/** Opens the page in a tab of its own and waits until it plays in an arena. */
async function open() {
  const page = await browser.context.newPage();
  page.on('pageerror', (error) => complaints.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(server.address);
  await page.waitForFunction(() => document.documentElement.dataset.source === 'arena');
  return page;
}

/** Waits until the directory lists a server. */
async function listed(name) {
  const page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.evaluate(async (name) => {
    const { Directory } = await import('/socker.js');
    const directory = new Directory('/directory/clients');
    while (!directory.servers.some(({ metadata }) => metadata?.name === name)) await new Promise((later) => setTimeout(later, 20));
  }, name);
  await page.close();
}

const peers = (page) => page.evaluate(() => Number(document.documentElement.dataset.peers));
const own = (page) => page.evaluate(() => Number(document.documentElement.dataset.self));
const marker = (page, id) => page.evaluate((id) => window.socker.peers.get(id), id);

test('the page walks all stages to an arena, in order', async () => {
  await listed('home');
  const page = await open();
  const stages = await page.$$eval('[data-stage]', (elements) =>
    elements.map(({ dataset }) => [dataset.stage, Number(dataset.reached)]),
  );
  assert.deepEqual(stages.map(([name]) => name), ['connect', 'scene', 'ready', 'offer', 'answer', 'channel', 'play']);
  const times = stages.map(([, time]) => time);
  assert.ok(times[0] > 0, `${times}`);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  const said = await page.$$eval('#stages .said', (elements) => elements.map(({ textContent }) => textContent));
  const words = ['accepted', 'scene, 46', 'ready, play, 6', 'SDP, ', 'SDP, ', 'joins, positions', 'positions, '];
  for (const [at, word] of words.entries()) assert.ok(said[at].includes(word), `${word} in ${said[at]}`);
  // The bars follow each other, and together are as long as the way.
  const bars = await page.$$eval('#stages li', (items) => items.map(({ style }) => ['--from', '--share'].map((name) => Number(style.getPropertyValue(name)))));
  for (const [at, [from, share]] of bars.entries()) {
    const end = bars[at + 1]?.[0] ?? 1;
    assert.ok(share >= 0 && Math.abs(from + share - end) < 1e-6, `${bars}`);
  }
  assert.deepEqual(complaints, []);
});

test('two tabs see each other come, move and go', async () => {
  const first = await open();
  const second = await open();
  await first.waitForFunction(() => document.documentElement.dataset.peers === '2');
  await second.waitForFunction(() => document.documentElement.dataset.peers === '2');
  const id = await own(second);
  assert.notEqual(id, await own(first));

  const before = await marker(first, id);
  const canvas = await second.locator('#scene').boundingBox();
  await second.mouse.move(canvas.x + canvas.width / 4, canvas.y + canvas.height / 4);
  await second.mouse.move(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
  await first.waitForFunction(
    ([id, { x, y }]) => {
      const now = window.socker.peers.get(id);
      return now && (now.x !== x || now.y !== y);
    },
    [id, before],
  );
  await first.waitForFunction((id) => Math.abs((window.socker.peers.get(id)?.x ?? NaN) - 800) < 20, id);

  await second.close();
  await first.waitForFunction(() => document.documentElement.dataset.peers === '1');
  assert.equal(await peers(first), 1);
  assert.deepEqual(complaints, []);
});

test('the echo panel shows what comes back', async () => {
  const page = await open();
  await page.fill('#echo-input', 'grüße, Wörld ✓');
  await page.click('#echo-send');
  await page.waitForFunction(() => document.querySelector('#echo-reply').textContent.includes('✓'));
  assert.match(await page.textContent('#echo-reply'), /grüße, Wörld ✓/);
  assert.deepEqual(complaints, []);
});

test('a browser gets its messages back from /echo, of any kind and size', async () => {
  const page = await open();
  const wrong = await page.evaluate(async () => {
    const socket = new WebSocket(`ws://${location.host}/echo`);
    socket.binaryType = 'arraybuffer';
    await new Promise((opened) => (socket.onopen = opened));
    const echo = (message) => {
      socket.send(message);
      return new Promise((back) => (socket.onmessage = ({ data }) => back(data)));
    };
    const wrong = [];
    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20, 64 << 20]) {
      const sent = new Uint8Array(size).map((_, at) => at * 7);
      const back = new Uint8Array(await echo(sent));
      if (back.length !== size || back.some((byte, at) => byte !== sent[at])) wrong.push(size);
    }
    const text = 'é→🎲'.repeat(100_000);
    if ((await echo(text)) !== text) wrong.push('text');
    // One byte too many.
    const closed = new Promise((closed) => (socket.onclose = closed));
    socket.send(new Uint8Array((64 << 20) + 1));
    const { code } = await closed;
    return { wrong, code };
  });
  assert.deepEqual(wrong, { wrong: [], code: 1009 });
});

test('text where the scene expects binary is refused with 1003 and a reason', async () => {
  const page = await open();
  const end = await page.evaluate(async () => {
    const socket = new WebSocket(`ws://${location.host}/play`);
    socket.onopen = () => socket.send('ready');
    const { code, reason } = await new Promise((closed) => (socket.onclose = closed));
    return { code, reason };
  });
  assert.deepEqual(end, { code: 1003, reason: 'stage "scene" expects binary, not text' });
});

test('the end of the server closes every page with 1001, and they come back with it', async () => {
  const page = await open();
  const { port } = new URL(server.address);
  assert.equal(await server.interrupt(), 0);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'closed');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.closeCode), '1001');
  server = await serve(`127.0.0.1:${port}`);
  await page.waitForFunction(() => document.documentElement.dataset.source === 'arena');
});
