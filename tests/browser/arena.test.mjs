/** The page's side of an arena's protocol: what it makes of messages that are late, twice or lost. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

let browser;
let server;
/** A tab with the page's modules in it, and with arenas that the test plays. */
let page;

before(async () => {
  browser = await launch();
  server = await serve('127.0.0.1:0', ['--no-arena']);
  page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.evaluate(prepare);
});
after(async () => {
  await browser?.close();
  await server?.interrupt();
});

/** Runs in the page: `join` makes an arena whose server is the test. */
function prepare() {
  class Channel extends EventTarget {
    readyState = 'open';
    sent = [];
    send = (data) => this.sent.push([...new Uint8Array(data.buffer ?? data)]);
    tell = (...bytes) => this.onmessage({ data: Uint8Array.from(bytes).buffer });
  }
  window.join = async () => {
    const { Arena } = await import('/arena.js');
    const channels = { joins: new Channel(), positions: new Channel(), ping: new Channel() };
    const fake = Object.assign(new EventTarget(), {
      id: 7,
      metadata: { name: 'fake', game: 'scene' },
      state: 'connected',
      closed: 0,
      createDataChannel: async (label) => channels[label],
      close: () => fake.closed++,
    });
    const told = [];
    const arena = new Arena(fake, {
      stage: (_, { name }) => told.push(name),
      playing: () => told.push('playing'),
      snapshot: (_, { tick, peers }) => told.push([tick, [...peers].map(([id, { x, y, hue }]) => [id, x, y, hue])]),
      pinging: () => {},
      over: (_, why) => told.push(`over: ${why}`),
    });
    await new Promise((later) => setTimeout(later));
    return { arena, told, fake, ...channels };
  };
  window.SCENE = [1, 6, 64, 3, 132, 0];
  window.PLAY = [3, 0, 5, 0, 90];
  window.JOINED = [6, 0, 5, 0, 90];
  window.positions = (tick, ...rows) => [8, 0, 0, 0, tick, 0, rows.length, ...rows.flatMap(([id, x]) => [0, id, 0, x, 0, 1])];
}

test('it plays once it knows the scene, itself and a place, in whatever order they come', async () => {
  const told = await page.evaluate(async () => {
    const { told, joins, positions } = await window.join();
    positions.tell(...window.positions(9, [5, 10], [6, 20]));
    joins.tell(...window.SCENE);
    joins.tell(...window.PLAY);
    joins.tell(...window.JOINED);
    joins.tell(6, 0, 6, 0, 45);
    return told;
  });
  assert.deepEqual(told, [
    'channel', 'play', 'playing',
    [9, []], // nobody was announced yet
    [9, [[5, 10, 1, 90]]],
    [9, [[5, 10, 1, 90], [6, 20, 1, 45]]],
  ]);
});

test('of positions the newest count; who has left is not there in any', async () => {
  const told = await page.evaluate(async () => {
    const { told, joins, positions } = await window.join();
    for (const message of [window.SCENE, window.PLAY, window.JOINED, [6, 0, 6, 0, 45]]) joins.tell(...message);
    positions.tell(...window.positions(3, [5, 10], [6, 20]));
    told.length = 0;
    positions.tell(...window.positions(5, [5, 11], [6, 21]));
    positions.tell(...window.positions(4, [5, 12], [6, 22])); // late
    positions.tell(...window.positions(5, [5, 11], [6, 21])); // twice
    positions.tell(8, 0, 0); // cut short
    joins.tell(7, 0, 6);
    positions.tell(...window.positions(6, [5, 13], [6, 23]));
    return told;
  });
  assert.deepEqual(told, [[5, [[5, 11, 1, 90], [6, 21, 1, 45]]], [5, [[5, 11, 1, 90]]], [6, [[5, 13, 1, 90]]]]);
});

test('the last wish is said again, with the same number, and then no more', async () => {
  const sent = await page.evaluate(async () => {
    const { arena, positions } = await window.join();
    arena.steer(1, 258);
    arena.steer(2, 259);
    for (let looks = 0; positions.sent.length < 6 && looks < 500; looks++) await new Promise((later) => setTimeout(later, 20));
    await new Promise((later) => setTimeout(later, 1000));
    arena.leave();
    return positions.sent;
  });
  assert.deepEqual(sent, [[9, 0, 0, 0, 1, 0, 1, 1, 2], ...Array(5).fill([9, 0, 0, 0, 2, 0, 2, 1, 3])]);
});

test('an arena that refuses, goes, or says nothing any more is over: once, with its reason', async () => {
  const told = await page.evaluate(async () => {
    const [refusing, going, left] = [await window.join(), await window.join(), await window.join()];
    refusing.joins.tell(10, 102, 117, 108, 108); // full
    refusing.joins.onclose();
    refusing.positions.onclose();
    going.fake.state = 'disconnected';
    going.fake.dispatchEvent(new Event('statechange'));
    left.arena.leave();
    left.joins.onclose();
    const silent = await window.join();
    for (const message of [window.SCENE, window.PLAY, window.JOINED]) silent.joins.tell(...message);
    silent.positions.tell(...window.positions(1, [5, 10]));
    for (let tick = 2; tick < 5; tick++) {
      await new Promise((later) => setTimeout(later, 1000));
      silent.positions.tell(...window.positions(tick, [5, 10]));
    }
    const isOver = () => silent.told.some((word) => `${word}`.startsWith('over'));
    const early = isOver();
    for (let looks = 0; !isOver() && looks < 100; looks++) await new Promise((later) => setTimeout(later, 100));
    return [...[refusing, going, left, silent].map(({ told, fake }) => [told.at(-1), fake.closed]), early];
  });
  assert.deepEqual(told, [
    ['over: refused: full', 1],
    ['over: was lost', 1],
    ['channel', 1],
    ['over: says nothing any more', 1],
    false,
  ]);
});

test('of why an arena refuses, the page takes no more than a line', async () => {
  const said = await page.evaluate(async () => {
    const { told, joins } = await window.join();
    joins.tell(10, ...Array(60_000).fill(120));
    joins.onclose();
    return told.at(-1);
  });
  assert.equal(said, `over: refused: ${'x'.repeat(119)}…`);
});

test('the own marker moves by the rule of who has the last word', async () => {
  const places = await page.evaluate(async () => {
    const { World } = await import('/world.js');
    const world = new World();
    const place = () => [world.markers.get(5).x, world.markers.get(5).y].map(Math.round);
    const at = (x, y) => world.update({ peers: new Map([[5, { x, y, hue: 90 }]]) });
    const seen = [];
    const step = (elapsed) => (world.advance(elapsed, performance.now(), true), seen.push(place()));
    world.join({ id: 5, hue: 90 }, 2400);
    at(100, 200);
    step(16);
    world.moveOwn(1000, 200);
    seen.push(world.takeMove(), world.takeMove());
    step(100);
    at(150, 200); // behind, as the way is long
    step(100);
    step(1000);
    world.join({ id: 5, hue: 90 }); // over the WebSocket, from where it is
    step(0);
    world.moveOwn(-5, 70000);
    seen.push(world.takeMove());
    step(1);
    return seen;
  });
  assert.deepEqual(places, [[100, 200], [1000, 200], null, [340, 200], [580, 200], [1000, 200], [1000, 200], [0, 900], [0, 900]]);
});

test('a ping that is not back in time is lost, until it comes after all; what comes twice counts once', async () => {
  const seen = await page.evaluate(async () => {
    const { Pings } = await import('/pings.js');
    const pings = new Pings(100);
    const way = { readyState: 'open', sent: [], send: (data) => way.sent.push(data.slice().buffer) };
    const back = (number) => way.onmessage({ data: way.sent[number] });
    const seen = [pings.loss];
    pings.use(way);
    for (let number = 0; number < 4; number++) pings.ping();
    for (const number of [2, 0, 0]) back(number);
    way.onmessage({ data: 'text' });
    seen.push(pings.loss, pings.quantile(0.5) >= 0);
    await new Promise((later) => setTimeout(later, 160));
    seen.push(pings.loss);
    back(1);
    seen.push(pings.loss, pings.quantile(1) >= 150);
    pings.use(null);
    return [...seen, pings.loss, pings.quantile(0.5)];
  });
  assert.deepEqual(seen, [null, 0, true, 0.5, 0.25, true, null, null]);
});

test('two servers are probed at a time, none that is taken, and a probe gives way', async () => {
  const seen = await page.evaluate(async () => {
    const { Probes } = await import('/probe.js');
    const fake = (name) => {
      const server = { name, asked: 0, closed: 0, close: () => server.closed++ };
      server.createDataChannel = () => (server.asked++, new Promise((...settle) => ([server.open, server.fail] = settle)));
      return server;
    };
    const channel = () => {
      const channel = { readyState: 'open', send: (data) => setTimeout(() => channel.onmessage({ data: data.buffer })) };
      return channel;
    };
    const [taken, one, two, three] = ['taken', 'one', 'two', 'three'].map(fake);
    const told = [];
    const probes = new Probes({ state: 'connected', servers: [taken, one, two, three] }, (server) => server === taken, {
      measured: ({ name }, ms) => told.push(`${name} ${ms >= 0}`),
      failed: ({ name }, why) => told.push(`${name} ${why}`),
    });
    const asked = () => [taken, one, two, three].map(({ asked }) => asked);
    const later = (ms) => new Promise((later) => setTimeout(later, ms));
    await later(1200);
    const first = asked();
    probes.giveWay(one);
    probes.giveWay(three); // is not probed
    one.fail(new Error('closed')); // as its connection was
    two.open(channel());
    await later(1200);
    three.fail({ code: 'rejected' });
    await later(100);
    return { first, last: asked(), told, closed: [one, two, three].map(({ closed }) => closed) };
  });
  assert.deepEqual(seen, {
    first: [0, 1, 1, 0],
    last: [0, 1, 1, 1],
    told: ['two true', 'three rejected the connection'],
    closed: [1, 1, 1],
  });
});

test('a tab that nobody sees measures nothing', async () => {
  const shown = await browser.context.newPage();
  let pings = 0;
  shown.on('websocket', (socket) => socket.url().endsWith('/echo') && socket.on('framesent', () => pings++));
  await shown.goto(server.address);
  const hide = (hidden) =>
    shown.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  const goesOn = async () => {
    const before = pings;
    for (let looks = 0; pings < before + 3 && looks < 200; looks++) await shown.waitForTimeout(50);
    assert.ok(pings >= before + 3);
  };
  await shown.waitForFunction(() => document.getElementById('socket-p50').textContent.endsWith('ms'));
  await goesOn();
  await hide(true);
  await shown.waitForTimeout(200); // what was under way
  const before = pings;
  await shown.waitForTimeout(1000);
  assert.equal(pings, before);
  await hide(false);
  await goesOn();
  await shown.close();
});
