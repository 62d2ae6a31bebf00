/** The list of game servers and the choice among them, with a directory that the test plays. */

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

let browser;
let server;
/** A tab with the page's elements and modules in it, but without its program. */
let page;

before(async () => {
  browser = await launch();
  server = await serve('127.0.0.1:0', ['--no-arena']);
});
after(async () => {
  await browser?.close();
  await server?.interrupt();
});
beforeEach(async () => {
  page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.evaluate(prepare);
});
afterEach(() => page.close());

/** Runs in the page. */
async function prepare() {
  document.body.innerHTML = await (await fetch('/')).text(); // whose scripts do not run so
  window.later = (ms) => new Promise((later) => setTimeout(later, ms));
  class Channel {
    readyState = 'open';
    send() {}
    tell = (...bytes) => this.onmessage({ data: Uint8Array.from(bytes).buffer });
  }
  /** `open` says what becomes of a channel; `lose` ends it. */
  window.fake = (id, name, open = async (channel) => channel) => {
    const fake = Object.assign(new EventTarget(), { id, isListed: true, state: 'connected', metadata: { name, game: 'scene' }, close() {} });
    fake.createDataChannel = (label) => open((fake[label] = new Channel()));
    fake.lose = () => {
      fake.state = 'disconnected';
      fake.dispatchEvent(new Event('statechange'));
    };
    /** Tells all that is needed to play. */
    fake.play = () => {
      fake.state = 'connected';
      for (const message of [[1, 6, 64, 3, 132, 0], [3, 0, 5, 0, 90], [6, 0, 5, 0, 90]]) fake.joins.tell(...message);
      fake.positions.tell(8, 0, 0, 0, 1, 0, 1, 0, 5, 0, 10, 0, 1);
    };
    return fake;
  };
  /** The list of a directory with so many servers, and what is seen of it. */
  window.list = async (count) => {
    const { ServerList } = await import('/servers.js');
    const directory = window.directory();
    const tell = (type, server) => directory.dispatchEvent(Object.assign(new Event(type), { server }));
    let left = 0;
    const list = new ServerList(directory, { join() {}, leave: () => left++ });
    for (let id = 0; id < count; id++) tell('serveradded', directory.servers[directory.servers.push(window.fake(id, `server ${id}`)) - 1]);
    directory.take = (count) => {
      for (const server of directory.servers.splice(0, count)) tell('serverremoved', Object.assign(server, { isListed: false }));
    };
    const seen = [];
    const see = () => {
      const rows = [...document.querySelectorAll('#server-list li')].map(({ dataset }) => Number(dataset.server));
      const [more, empty] = ['servers-more', 'servers-empty'].map((id) => document.getElementById(id));
      seen.push([rows.length, Math.min(...rows), Math.max(...rows), more.textContent, empty.hidden]);
    };
    return { directory, list, seen, see, left: () => left };
  };
  window.directory = (...servers) => Object.assign(new EventTarget(), { state: 'connected', servers });
}

test('a row that becomes free is the next server’s', async () => {
  const seen = await page.evaluate(async () => {
    const { directory, seen, see } = await window.list(90);
    see();
    directory.take(45);
    await window.later(2000);
    see(); // what is gone is still shown
    await window.later(2500);
    see();
    return seen;
  });
  assert.deepEqual(seen, [
    [40, 0, 39, 'and 50 more', true],
    [40, 0, 39, 'and 45 more', true],
    [40, 45, 84, 'and 5 more', true],
  ]);
});

test('the arena in which is played has a row always, and so has the one that is on its way', async () => {
  const seen = await page.evaluate(async () => {
    const { directory, list, seen, see, left } = await window.list(90);
    list.mark(directory.servers[70], directory.servers[80]);
    const buttons = [70, 80].map((id) => document.querySelector(`[data-server="${id}"] button`));
    seen.push(buttons.map((button) => button?.textContent));
    buttons[0]?.click();
    seen.push(left());
    await window.later(4500);
    see();
    return seen;
  });
  assert.deepEqual(seen, [['Leave', 'Joining…'], 1, [40, 0, 80, 'and 50 more', true]]);
});

test('an arena that fails comes after those that failed less, as long as the page lives', async () => {
  const joined = await page.evaluate(async () => {
    const { Lobby } = await import('/lobby.js');
    const joined = [];
    const bad = window.fake(1, 'bad');
    const home = window.fake(2, 'home');
    const lobby = new Lobby(window.directory(bad, home), {
      joining: async (server) => {
        joined.push(server.metadata.name);
        await window.later(50); // its channels are open
        server.play();
        if (server === bad) bad.lose(); // it lets in, but nobody stays
      },
      playing() {}, fallback() {}, failed() {}, changed() {}, stage() {}, snapshot() {}, pinging() {},
    });
    const playsAtHome = async () => {
      for (let tries = 0; lobby.arena?.server !== home && tries < 100; tries++) await window.later(50);
    };
    lobby.open();
    await playsAtHome();
    lobby.close();
    lobby.open(); // as after a loss of /play
    await playsAtHome();
    home.lose(); // is now as bad as the other one
    await playsAtHome();
    lobby.close();
    return joined;
  });
  assert.deepEqual(joined, ['bad', 'home', 'home', 'bad', 'home']);
});

test('an arena that opens its channels and then does not begin has failed', async () => {
  const told = await page.evaluate(async () => {
    const { Lobby } = await import('/lobby.js');
    const mute = window.fake(1, 'mute');
    const told = [];
    const lobby = new Lobby(window.directory(mute), {
      fallback: (why) => told.push(why),
      joining: () => window.later(1000).then(() => mute.positions.tell(8, 0, 0, 0, 1, 0, 0)),
      playing() {}, failed() {}, changed() {}, stage() {}, snapshot() {}, pinging() {},
    });
    lobby.open();
    for (let tries = 0; told.length === 0 && tries < 120; tries++) await window.later(50);
    lobby.close();
    return told;
  });
  assert.deepEqual(told, ['the arena mute does not begin']);
});
