/** The page whose connections are held back or cut: it plays in one place, over one connection for each use. */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

/** What the server of /play says last: the page is ready then. */
const PLAY = 3;
/** A directory's answer to an offer. */
const ANSWER = 6;
const OFTEN = { polling: 50 };

let browser;
let server;
let page;
/** What the page complained about. */
let complaints = [];

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  complaints = [];
  server = await serve();
  page = await browser.context.newPage();
  page.on('pageerror', (error) => complaints.push(`${error}`));
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  await server.interrupt();
});

/** The connections of the page to a path. What the server says there is held back where the test wants that. */
async function way(path) {
  let isHeld = () => false;
  let held = [];
  /** With what each leads to. */
  const open = new Map();
  await page.routeWebSocket(
    (url) => url.pathname === path,
    (socket) => {
      const there = socket.connectToServer();
      open.set(socket, there);
      there.onMessage((message) => (isHeld(message) ? held.push({ socket, message }) : socket.send(message)));
      const end = () => {
        open.delete(socket);
        held = held.filter((one) => one.socket !== socket);
      };
      socket.onClose(() => (end(), there.close()));
      there.onClose((code, reason) => (end(), socket.close({ code, reason })));
    },
  );
  return {
    open,
    isHolding: () => held.length > 0,
    hold: (isIt = () => true) => (isHeld = isIt),
    release() {
      isHeld = () => false;
      for (const { socket, message } of held.splice(0)) socket.send(message);
    },
    async cut() {
      for (const [socket, there] of open) {
        open.delete(socket);
        await there.close();
        await socket.close({ code: 4000 });
      }
    },
  };
}

const shows = (data, tab = page) =>
  tab.waitForFunction((data) => Object.entries(data).every(([name, value]) => document.documentElement.dataset[name] === value), data, OFTEN);
const reached = (stage) => page.waitForSelector(`[data-stage="${stage}"][data-reached]`);
const atHome = (tab) => shows({ state: 'playing', source: 'arena', arena: 'home' }, tab);

/** The server comes back, and the page begins to connect; it is not ready before `play`, its way to /play, is released. */
async function restart(play) {
  play.hold((message) => message[0] === PLAY);
  const { host } = new URL(server.address);
  await server.interrupt();
  await shows({ state: 'closed' });
  server = await serve(host);
  await shows({ state: 'connecting' }); // and no stage is reached yet, or anew
}

test('“Reconnect now” while the directory is not back yet: the page plays in the arena, and in it alone', async () => {
  const [directory, play] = [await way('/directory/clients'), await way('/play')];
  await page.goto(server.address);
  await atHome();
  directory.hold();
  await restart(play);
  play.release();
  await reached('ready');
  await page.dispatchEvent('#reconnect', 'click'); // at once
  await reached('ready');
  directory.release();
  await atHome();
  await page.waitForTimeout(2500); // no time-out of the first attempt is left
  const { source, arena, peers } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
  assert.deepEqual({ source, arena, peers }, { source: 'arena', arena: 'home', peers: '1' });
  assert.deepEqual(complaints, []);
});

test('“Reconnect now” while an arena is on its way: the page leaves no marker in the scene of /play', async () => {
  const [directory, play] = [await way('/directory/clients'), await way('/play')];
  await page.goto(server.address);
  await atHome();
  // The list comes to a page that is just ready: earlier it would measure the way to the arena first, and later play
  // without.
  directory.hold();
  await restart(play);
  while (!directory.isHolding() || !play.isHolding()) await page.waitForTimeout(20);
  play.release();
  directory.release();
  directory.hold((message) => message[0] === ANSWER);
  await reached('offer');
  play.hold();
  await page.dispatchEvent('#reconnect', 'click'); // at once
  directory.release();
  await page.waitForTimeout(1000); // time enough for an arena that nobody waits for
  play.release();
  await atHome();
  const other = await browser.context.newPage();
  await other.goto(server.address);
  await atHome(other);
  await other.click('#server-list button');
  await shows({ source: 'socket', peers: '1' }, other);
  assert.deepEqual(complaints, []);
});

test('there is one connection to /echo, however often that to /play is lost', async () => {
  const [echo, play] = [await way('/echo'), await way('/play')];
  const says = (end) => page.waitForFunction((end) => document.getElementById('socket-p50').textContent.endsWith(end), end, OFTEN);
  const areOpen = async (count) => {
    for (let looks = 0; echo.open.size !== count && looks < 600; looks++) await page.waitForTimeout(50);
    assert.equal(echo.open.size, count);
  };
  await page.goto(server.address);
  await says('ms');
  for (let round = 0; round < 3; round++) {
    play.hold();
    await play.cut();
    await shows({ source: 'none' });
    await says('–');
    await areOpen(0);
    play.release();
    await atHome();
    await says('ms');
  }
  await areOpen(1);
  await echo.cut();
  await areOpen(1);
  await page.waitForTimeout(1000); // nor is another one opened later
  await areOpen(1);
  assert.deepEqual(complaints, []);
});

test('the wait for /echo is short again once a connection has lasted', async () => {
  await page.goto(`${server.address}socker.js`);
  const waits = await page.evaluate(async () => {
    document.body.innerHTML = await (await fetch('/')).text(); // whose scripts do not run so
    const { RoundTrips } = await import('/round-trips.js');
    const [sockets, waits, now] = [[], [], { ms: 0 }];
    window.WebSocket = class {
      static OPEN = 1;
      constructor() {
        sockets.push(this);
      }
      close() {}
    };
    performance.now = () => now.ms;
    window.setTimeout = (act, ms) => (waits.push(ms), act());
    new RoundTrips().connect(true);
    for (const lasting of [0, 0, 0, 6000, 0]) {
      sockets.at(-1).onopen();
      now.ms += lasting;
      sockets.at(-1).onclose();
    }
    return waits;
  });
  const bounds = [[375, 500], [750, 1000], [1500, 2000], [375, 500], [750, 1000]];
  assert.ok(waits.length === 5 && bounds.every(([least, most], at) => waits[at] >= least && waits[at] <= most), `${waits}`);
});
