/** What a game's messages suffer on a bad link: on a channel that may lose them, on one that may not, and on a WebSocket. */

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { DELAY, JITTER, LATENESS, LOSS } from './link.mjs';
import { play, visit } from './native.mjs';
import { relay } from './relay.mjs';
import { serve } from './server.mjs';
import * as tun from './tun.mjs';

const SEED = Number(process.env.LINK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const COUNT = 300;

/** What is to be ended after each test, last things first. @type {(() => unknown)[]} */
const ends = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/**
 * Runs in the page. Sends 60 numbered messages of 50 bytes a second on a channel or a WebSocket, and waits
 * so many ms for echoes that are missing; their numbers and round trips in ms, as they come.
 */
function measure(channel, count, patience) {
  return new Promise((resolve) => {
    const sent = [];
    const echoes = [];
    const end = () => resolve(echoes);
    channel.onmessage = ({ data }) => {
      const number = Number.parseInt(data, 10);
      echoes.push({ number, trip: performance.now() - sent[number] });
      if (echoes.length === count) end();
    };
    const timer = setInterval(() => {
      sent.push(performance.now());
      channel.send(`${sent.length - 1}`.padEnd(50));
      if (sent.length < count) return;
      clearInterval(timer);
      setTimeout(end, patience);
    }, 1000 / 60);
  });
}

/** Runs in the page. The game server would find a way to its candidates that goes around the relay. */
function withoutCandidates() {
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (bytes) {
    if (bytes[0] !== 7) send.call(this, bytes);
  };
}

/** @param {import('playwright-core').JSHandle} channel @param {number} patience */
const measured = (channel, patience) =>
  channel.evaluate(
    (channel, [measure, count, patience]) => new Function(`return ${measure}`)()(channel, count, patience),
    [`${measure}`, COUNT, patience],
  );

const numbers = (echoes) => echoes.map(({ number }) => number);
const trips = (echoes) => echoes.map(({ trip }) => trip);
const ALL = Array.from({ length: COUNT }, (_, at) => at);

/** The number that so many of 100 do not exceed. @param {number[]} of @param {number} percent */
const percentile = (of, percent) => [...of].sort((a, b) => a - b)[Math.ceil((percent / 100) * of.length) - 1];

/** @param {import('node:test').TestContext} t */
function tell(t, what, echoes) {
  const [p50, p95, max] = [50, 95, 100].map((percent) => `${Math.round(percentile(trips(echoes), percent))}`.padStart(5));
  t.diagnostic(`${what.padEnd(22)} p50${p50} ms, p95${p95} ms, max${max} ms, ${echoes.length} of ${COUNT}`);
}

test('messages that may be lost are not late, and those that may not all arrive', async (t) => {
  t.diagnostic(`${LOSS} % lost and ${DELAY} to ${DELAY + JITTER} ms each way, LINK_SEED=${SEED}`);
  const server = await serve();
  ends.push(server.interrupt);
  const browser = await launch();
  ends.push(browser.close);
  const link = await relay(SEED, '127.0.0.2');
  ends.push(link.close);
  const announced = `127.0.0.1:${link.port}`;
  const far = await play(server.address, 'far', [`127.0.0.2:${link.port}`, announced]);
  ends.push(far.kill);
  assert.equal(far.announced, announced);
  const near = await play(server.address, 'near');
  ends.push(near.kill);

  /** From a page of its own, since channels of one connection share its congestion control. */
  const run = async (what, name, options, patience) => {
    // What opens a channel may get lost several times, and waits twice as long each time.
    const page = await visit(browser, server.address, { connectTimeout: 60_000 });
    await page.evaluate(withoutCandidates);
    const connect = async ([name, options]) => (await window.find(name)).createDataChannel('moves', options);
    const echoes = await measured(await page.evaluateHandle(connect, [name, options]), patience);
    tell(t, what, echoes);
    return echoes;
  };
  const lossy = { ordered: false, maxRetransmits: 0 };
  /** How late 95 of 100 are, and how late they may be: what link and machine are, which the same without the link shows. */
  const hurry = async () => {
    const [unhindered, unreliable] = await Promise.all([
      run('without that link', 'near', lossy, 1_000),
      run('unreliable channel', 'far', lossy, 1_000),
    ]);
    assert.equal(new Set(numbers(unreliable)).size, unreliable.length);
    const [share, expected] = [unreliable.length / COUNT, (1 - LOSS / 100) ** 2];
    assert.ok(Math.abs(share - expected) < 0.1, `${share} came back, not about ${expected}`);
    const ways = link.paths().flatMap(({ there, back }) => [there, back]).map(({ delays }) => percentile(delays, 95));
    const most = 2 * Math.max(...ways) + LATENESS + 2 * percentile(trips(unhindered), 95) + 40;
    return { p95: percentile(trips(unreliable), 95), most };
  };
  let [{ p95, most }, reliable] = await Promise.all([hurry(), run('reliable channel', 'far', {}, 60_000)]);
  assert.deepEqual(numbers(reliable), ALL);
  // Both went by the relay, and not only to find another way.
  const busy = link.paths().filter(({ there, back }) => Math.min(there.crossed, back.crossed) > COUNT / 3);
  assert.equal(busy.length, 2);

  // A busy machine makes some late now and then, and so does congestion control, which holds back what need
  // not arrive as well; a channel that waits for what is lost is late each time.
  for (let left = 3; left > 0 && p95 >= most; left--) ({ p95, most } = await hurry());
  assert.ok(p95 < most, `p95 is ${p95} ms, not below ${most}`);
});

test('a page that closes its connection may open the next one at once', async () => {
  const server = await serve('127.0.0.1:0', ['--no-arena']);
  ends.push(server.interrupt);
  const browser = await launch();
  ends.push(browser.close);
  const link = await relay(SEED, '127.0.0.2', 0);
  ends.push(link.close);
  const far = await play(server.address, 'far', [`127.0.0.2:${link.port}`, `127.0.0.1:${link.port}`]);
  ends.push(far.kill);
  const page = await visit(browser, server.address);
  await page.evaluate(withoutCandidates);
  // The offer reaches the game server over the directory, sooner than the end of the connection before.
  const echoed = await page.evaluate(async () => {
    const far = await window.find('far');
    const lengths = [];
    for (let turn = 0; turn < 4; turn++) {
      const channel = await far.createDataChannel('moves');
      lengths.push((await window.echo(channel, 10)).length);
      far.close();
    }
    return lengths;
  });
  assert.deepEqual(echoed, [10, 10, 10, 10]);
});

test('a WebSocket on such a link', { skip: tun.missing() }, async (t) => {
  const device = await tun.open(SEED);
  ends.push(device.close);
  const server = await serve(`${tun.HERE}:0`, ['--no-arena'], device.within);
  ends.push(server.interrupt);
  const browser = await launch({ within: device.within });
  ends.push(browser.close);
  const page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  const open = async (uri) => {
    const socket = new WebSocket(uri);
    await new Promise((resolve) => socket.addEventListener('open', resolve));
    return socket;
  };
  const { port } = new URL(server.address);
  const echoes = await measured(await page.evaluateHandle(open, `ws://${tun.THERE}:${port}/echo`), 60_000);
  tell(t, 'WebSocket', echoes);
  const { crossed, lost } = await device.counts();
  assert.ok(crossed > COUNT && lost > 0, `${crossed} crossed, ${lost} lost`);
  assert.deepEqual(numbers(echoes), ALL);
});
