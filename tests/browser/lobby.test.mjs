/** The page and its arenas: which one it plays in, how it leaves, and what it does without. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dirname } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { startArena } from './arena.mjs';
import { launch, listen } from './browser.mjs';
import { play } from './game-server.mjs';
import { PROGRAM, serve } from './server.mjs';

const EXAMPLE = process.env.GAME_SERVER ?? `${dirname(PROGRAM)}/examples/game_server`;

let browser;
let server;
/** What runs beside the server, and how to end it. @type {(() => unknown)[]} */
let ends = [];
/** What pages complained about. */
let complaints = [];

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(() => {
  ends = [];
  complaints = [];
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  for (const end of ends) await end();
  await server?.interrupt();
});

async function begin(...options) {
  server = await serve('127.0.0.1:0', options);
}

async function arena(name) {
  const started = await startArena(server, name);
  ends.push(started.kill);
  return started;
}

/** Opens the page in a tab of its own. */
async function open(prepare = () => {}) {
  const page = await browser.context.newPage();
  page.on('pageerror', (error) => complaints.push(`${error}`));
  await page.addInitScript(prepare);
  await page.goto(server.address);
  return page;
}

const OFTEN = { polling: 50 };
/** Waits until the page plays in an arena with so many peers; '' is none, but the WebSocket. */
const plays = (page, arena, peers) =>
  page.waitForFunction(
    ([arena, peers]) => {
      const { state, source, ...here } = document.documentElement.dataset;
      return state === 'playing' && source === (arena ? 'arena' : 'socket') && here.arena === arena && (peers === undefined || here.peers === `${peers}`);
    },
    [arena, peers],
    OFTEN,
  );

const row = (page, name) => page.locator('#server-list li', { has: page.locator('.server-name', { hasText: name }) });
/** Waits until a row of the list says so. A server that could not be measured is measured again after 15 s. */
const says = (page, name, words) => row(page, name).filter({ hasText: words }).waitFor({ timeout: 90_000 });
const press = (page, name) => row(page, name).locator('button').click();
const own = (page) => page.evaluate(() => window.socker.self);

/** Moves the hand of a tab, until another tab sees it there. */
async function moves(page, other) {
  const id = await own(page);
  const box = await page.locator('#scene').boundingBox();
  for (const share of [0.25, 0.75]) {
    await page.mouse.move(box.x + box.width * share, box.y + box.height / 2);
    await other.waitForFunction(
      ([id, x]) => Math.abs((window.socker.peers.get(id)?.x ?? NaN) - x) < 30,
      [id, 1600 * share],
      OFTEN,
    );
  }
}

test('a second arena comes to the list, is joined, is lost, and the page is home again', async () => {
  await begin();
  const [first, second] = [await open(), await open()];
  for (const page of [first, second]) await plays(page, 'home', 2);
  await moves(first, second);
  const away = await arena('away');
  await says(first, 'away', '0 / 128');
  await press(first, 'away');
  await plays(first, 'away', 1);
  await plays(second, 'home', 1);
  await says(first, 'away', 'You play here.');
  for (const page of [first, second]) await says(page, 'away', '1 / 128');
  await press(second, 'away');
  for (const page of [first, second]) await plays(page, 'away', 2);
  await moves(second, first);
  const stages = await first.$$eval('[data-stage]', (items) => items.map(({ dataset }) => Number(dataset.reached)));
  assert.deepEqual(stages, [...stages].sort((a, b) => a - b));
  assert.ok(stages.every((ms) => ms > 0), `${stages}`);

  const way = await listen(first, 'status-way', 'Over the WebSocket');
  await away.kill();
  assert.match(await way.said(), /^Over the WebSocket: the arena away (was lost|says nothing any more)\. The page joins one as soon as it can\.$/);
  for (const page of [first, second]) await plays(page, 'home', 2);
  await moves(first, second);
  await row(first, 'away').waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
});

test('who leaves plays over the WebSocket, and in an arena again when it joins', async () => {
  await begin();
  const [first, second] = [await open(), await open()];
  for (const page of [first, second]) await plays(page, 'home', 2);
  await press(first, 'home');
  await plays(first, '', 1); // who plays in an arena is not in this scene
  await plays(second, 'home', 1);
  assert.match(await first.textContent('#status-way'), /^Over the WebSocket: you have left the arena\.$/);
  assert.equal(await first.textContent('[data-stage="offer"] .said'), 'You have left the arena.');
  await press(second, 'home');
  for (const page of [first, second]) await plays(page, '', 2);
  await moves(first, second);
  await arena('away');
  await says(first, 'away', '0 / 128');
  await plays(first, '', 2); // nothing is joined by itself
  await press(first, 'home');
  await plays(first, 'home', 1);
  await plays(second, '', 1);
  assert.deepEqual(complaints, []);
});

test('without an arena the page plays over the WebSocket, until there is one', async () => {
  await begin('--no-arena');
  const [first, second] = [await open(), await open()];
  for (const page of [first, second]) await plays(page, '', 2);
  await moves(first, second);
  assert.match(await first.textContent('#status-way'), /^Over the WebSocket: no arena is listed\. The page joins one as soon as it can\.$/);
  assert.equal(await first.textContent('[data-stage="play"] .via'), 'WebSocket');
  assert.match(await first.textContent('#channel-waits'), /no arena is listed/);
  assert.ok(await first.isVisible('#servers-empty'));
  const host = new URL(server.address).host;
  assert.equal(await first.inputValue('#arena-command'), `socker arena --directory ws://${host} --name second`);
  await arena('late');
  for (const page of [first, second]) await plays(page, 'late', 2);
  await moves(second, first);
  assert.ok(!(await first.isVisible('#servers-empty')));
  assert.deepEqual(complaints, []);
});

test('where the directory is late, and lists no arena, the page says so', async () => {
  await begin('--no-arena');
  const page = await browser.context.newPage();
  let connect = () => {};
  await page.routeWebSocket(/\/directory\/clients$/, (socket) => {
    connect = () => socket.connectToServer();
  });
  await page.goto(server.address);
  const says = (why) => page.waitForFunction((why) => document.getElementById('status-way').textContent.includes(why), why, OFTEN);
  await says('the directory does not answer');
  connect();
  await says('no arena is listed');
});

test('round trips are numbers, on both ways and for every server; an echo is no arena', async () => {
  await begin();
  const page = await open();
  await plays(page, 'home', 1);
  const example = spawn(EXAMPLE, [server.address.replace(/^http/, 'ws').replace(/\/$/, ''), 'parrot'], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => example.kill());
  await once(createInterface({ input: example.stdout }), 'line');
  await says(page, 'parrot', 'not an arena');
  assert.ok(!(await row(page, 'parrot').locator('button').isVisible()));
  await arena('away');
  for (const name of ['home', 'parrot', 'away']) await says(page, name, /\d ms/);
  for (const id of ['channel-p50', 'channel-p95', 'socket-p50', 'socket-p95']) {
    await page.waitForFunction((id) => / ms$/.test(document.getElementById(id).textContent), id, OFTEN);
    assert.ok(parseFloat(await page.textContent(`#${id}`)) > 0, id);
  }
  for (const id of ['channel-lost', 'socket-lost']) assert.match(await page.textContent(`#${id}`), /^\d+(\.\d)? %$/);
  // Something is drawn, and goes on being drawn.
  await page.locator('.plots').scrollIntoViewIfNeeded();
  const drawn = (id) => page.evaluate((id) => document.getElementById(id).toDataURL(), id);
  for (const id of ['channel-plot', 'socket-plot']) {
    const before = await drawn(id);
    await page.waitForFunction(([id, before]) => document.getElementById(id).toDataURL() !== before, [id, before], OFTEN);
  }
  assert.deepEqual(complaints, []);
});

test('who is rejected stays where it is, and the row says why', async () => {
  await begin();
  const shut = await play(browser, server.address);
  const page = await open();
  await plays(page, 'home', 1);
  await shut.set('reject');
  await shut.register({ name: 'shut', game: 'scene', players: 128, places: 128 });
  await says(page, 'shut', '128 / 128');
  await press(page, 'shut');
  await says(page, 'shut', 'It rejected the connection.');
  await plays(page, 'home', 1);
  assert.equal(await row(page, 'shut').locator('button').textContent(), 'Join');
  assert.deepEqual(complaints, []);
});

test('where the only arena rejects, the page plays without, and tries again', async () => {
  await begin('--no-arena');
  const shut = await play(browser, server.address);
  await shut.set('reject');
  await shut.register({ name: 'shut', game: 'scene' });
  const page = await open();
  await plays(page, '', 1);
  const said = () => document.querySelector('[data-stage="offer"] .said').textContent === 'The arena shut rejected the connection.';
  await page.waitForFunction(said, null, OFTEN);
  await shut.page.waitForFunction(() => window.offers >= 4, null, OFTEN); // the probe's is one of them
  await plays(page, '', 1);
  assert.deepEqual(complaints, []);
});

test('a browser without WebRTC plays over the WebSocket', async () => {
  await begin();
  const page = await open(() => delete window.RTCPeerConnection);
  await plays(page, '', 1);
  assert.match(await page.textContent('#status-way'), /this browser has no WebRTC\.$/);
  await says(page, 'home', '0 / 128');
  assert.ok(!(await row(page, 'home').locator('button').isVisible()));
  assert.deepEqual(complaints, []);
});

test('after a restart of the server all play at home again', async () => {
  await begin();
  const pages = [await open(), await open()];
  for (const page of pages) await plays(page, 'home', 2);
  const { host } = new URL(server.address);
  await server.interrupt();
  for (const page of pages) await page.waitForFunction(() => document.documentElement.dataset.state === 'closed', null, OFTEN);
  server = await serve(host);
  for (const page of pages) await plays(page, 'home', 2);
  await moves(pages[1], pages[0]);
  for (const page of pages) await says(page, 'home', 'You play here.');
  assert.deepEqual(complaints, []);
});
