import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { play } from './game-server.mjs';
import { serve } from './server.mjs';

let browser;
let server;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  server = await serve('127.0.0.1:0', ['--no-arena']);
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  await server.interrupt();
});

/** Backs off so little that no test waits. */
const SOON = { backoff: { first: 20, most: 50 } };
/** Backs off until the test says that the browser is online. */
const LATE = { backoff: { first: 600_000, most: 600_000 } };

/** A tab with a directory in it, which notes what it is told. */
async function visit(options = SOON) {
  const page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.evaluate(async (options) => {
    window.WebSocket = class extends WebSocket {
      constructor(...args) {
        super(...args);
        window.socket = this;
      }
    };
    const { Directory } = await import('/socker.js');
    const directory = (window.directory = new Directory('/directory/clients', options));
    window.events = [];
    const note = (event) => {
      const { type, server, code } = event;
      window.events.push([type, server?.metadata?.name, code].filter(Boolean).join(' '));
    };
    for (const type of ['serveradded', 'serverchanged', 'serverremoved', 'connected', 'reconnecting', 'reconnected', 'closed', 'error']) {
      directory.addEventListener(type, note);
    }
    window.named = (name) => directory.servers.find(({ metadata }) => metadata?.name === name);
    /** 'done', or the error with which a promise was rejected. */
    window.outcome = (promise) => promise.then(() => 'done', ({ name, code }) => [name, code].filter(Boolean).join(' '));
    /** Sends on a data channel; what comes back. */
    window.echo = (channel, data) =>
      new Promise((resolve) => {
        channel.addEventListener('message', ({ data }) => resolve(typeof data === 'string' ? data : [...new Uint8Array(data)]), { once: true });
        channel.send(data);
      });
  }, options);
  return page;
}

const events = (page) => page.evaluate(() => window.events);
const heard = (page, event) => page.waitForFunction((event) => window.events.includes(event), event);

test('the list, as it is and as it changes', async () => {
  const [duel, maze] = [await play(browser, server.address), await play(browser, server.address)];
  await duel.register({ name: 'duel', players: 1 });
  const page = await visit();
  await heard(page, 'connected');
  await heard(page, 'serveradded duel');
  await maze.register({ name: 'maze', tags: ['é→🎲'] });
  await heard(page, 'serveradded maze');
  await duel.update('{"name":"duel","players":2}');
  await heard(page, 'serverchanged duel');
  const metadata = () => page.evaluate(() => window.directory.servers.map(({ metadata, isListed }) => [metadata, isListed]));
  assert.deepEqual(await metadata(), [
    [{ name: 'duel', players: 2 }, true],
    [{ name: 'maze', tags: ['é→🎲'] }, true],
  ]);
  const kept = await page.evaluateHandle(() => window.named('maze'));
  await maze.leave();
  await heard(page, 'serverremoved maze');
  assert.deepEqual(await metadata(), [[{ name: 'duel', players: 2 }, true]]);
  assert.equal(await kept.evaluate(({ isListed }) => isListed), false);
  assert.equal(await kept.evaluate((maze) => window.outcome(maze.connect())), 'DirectoryError server-removed');

  await page.evaluate(() => window.directory.close());
  assert.deepEqual((await events(page)).slice(-2), ['serverremoved maze', 'closed left']);
  assert.equal(await page.evaluate(() => window.directory.state), 'closed');
  assert.equal(await page.evaluate(() => window.outcome(window.named('duel').connect())), 'DirectoryError closed');
});

test('data channels of every kind share one connection', async () => {
  const game = await play(browser, server.address);
  await game.register({ name: 'duel' });
  const page = await visit();
  await heard(page, 'serveradded duel');
  const answers = await page.evaluate(async () => {
    const duel = window.named('duel');
    window.states = [];
    duel.addEventListener('statechange', () => window.states.push(duel.state));
    for (const type of ['offer', 'answer']) duel.addEventListener(type, ({ sdp }) => window.states.push(`${type} ${sdp.slice(0, 3)}`));
    const first = await Promise.all([
      duel.createDataChannel('ordered'),
      duel.createDataChannel('unordered', { ordered: false, protocol: 'moves' }),
      duel.connect(),
    ]);
    const later = [
      await duel.createDataChannel('unreliable', { ordered: false, maxRetransmits: 0 }),
      await duel.createDataChannel('brief', { maxPacketLifeTime: 100 }),
    ];
    window.channel = first[0];
    const channels = [first[0], first[1], ...later];
    const texts = await Promise.all(channels.map((channel) => window.echo(channel, channel.label)));
    return [...texts, await window.echo(first[1], Uint8Array.of(0, 255, 7))];
  });
  assert.deepEqual(answers, ['ordered', 'unordered', 'unreliable', 'brief', [0, 255, 7]]);
  assert.equal(await game.offers(), 1);
  const kind = { ordered: true, maxRetransmits: null, maxPacketLifeTime: null, protocol: '' };
  const channels = (await game.channels()).sort((a, b) => (a.label < b.label ? -1 : 1));
  assert.deepEqual(channels, [
    { ...kind, label: 'brief', maxPacketLifeTime: 100 },
    { ...kind, label: 'ordered' },
    { ...kind, label: 'unordered', ordered: false, protocol: 'moves' },
    { ...kind, label: 'unreliable', ordered: false, maxRetransmits: 0 },
  ]);
  await page.evaluate(() => window.channel.addEventListener('close', () => window.events.push('close')));
  await game.hangUp();
  await heard(page, 'close');
  await page.waitForFunction(() => window.named('duel').state === 'disconnected');
  assert.deepEqual(await page.evaluate(() => window.states), ['connecting', 'offer v=0', 'answer v=0', 'connected', 'disconnected']);
});

test('a server rejects, and takes the next; a connection that was closed comes again', async () => {
  const game = await play(browser, server.address);
  await game.register({ name: 'duel' });
  const page = await visit();
  await heard(page, 'serveradded duel');
  await game.set('reject');
  const rejected = await page.evaluate(async () => {
    const duel = window.named('duel');
    duel.addEventListener('rejected', () => window.events.push('rejected'));
    return Promise.all([window.outcome(duel.createDataChannel('a')), window.outcome(duel.connect())]);
  });
  assert.deepEqual(rejected, ['DirectoryError rejected', 'DirectoryError rejected']);
  await heard(page, 'rejected');
  await game.set('answer');
  const outcomes = await page.evaluate(async () => {
    const duel = window.named('duel');
    const outcomes = [];
    for (const label of ['b', 'c']) {
      const channel = await duel.createDataChannel(label);
      outcomes.push(await window.echo(channel, label));
      const closed = new Promise((resolve) => channel.addEventListener('close', resolve));
      duel.close();
      await closed;
      outcomes.push(duel.state, channel.readyState);
    }
    return outcomes;
  });
  assert.deepEqual(outcomes, ['b', 'disconnected', 'closed', 'c', 'disconnected', 'closed']);
  assert.equal(await game.offers(), 3);
});

test('an offer that was given up is answered before the next is made', async () => {
  const game = await play(browser, server.address);
  await game.register({ name: 'duel' });
  const page = await visit();
  await heard(page, 'serveradded duel');
  await game.set('hold');
  await page.evaluate(() => void (window.first = window.outcome(window.named('duel').connect())));
  await game.offered(1);
  await page.evaluate(() => {
    window.named('duel').close();
    window.second = window.outcome(window.named('duel').connect());
  });
  assert.equal(await page.evaluate(() => window.first), 'DirectoryError closed');
  await game.set('answer');
  assert.equal(await game.offers(), 1);
  await game.release();
  assert.equal(await page.evaluate(() => window.second), 'done');
  assert.equal(await game.offers(), 2);
});

test('a server that says nothing, or leaves, while somebody connects', async () => {
  const [mute, game] = [await play(browser, server.address), await play(browser, server.address)];
  await mute.register({ name: 'mute' });
  await game.register({ name: 'duel' });
  for (const one of [mute, game]) await one.set('hold');
  const page = await visit({ ...SOON, connectTimeout: 100 });
  await heard(page, 'serveradded mute');
  const silent = () => page.evaluate(() => window.outcome(window.named('mute').createDataChannel('a')));
  assert.equal(await silent(), 'DirectoryError timeout');

  const other = await visit();
  await heard(other, 'serveradded duel');
  await other.evaluate(() => void (window.connecting = window.outcome(window.named('duel').connect())));
  await game.offered(1);
  await game.leave();
  // The directory rejects the offer at once, and tells of the list later.
  assert.equal(await other.evaluate(() => window.connecting), 'DirectoryError rejected');
  await heard(other, 'serverremoved duel');
});

test('data channels outlive the directory, and its list is told anew after a restart', async () => {
  const [duel, maze] = [await play(browser, server.address), await play(browser, server.address)];
  await duel.register({ name: 'duel' });
  await maze.register({ name: 'maze' });
  await maze.set('hold');
  const page = await visit();
  await heard(page, 'serveradded maze');
  await page.evaluate(async () => {
    window.duel = window.named('duel');
    window.channel = await window.duel.createDataChannel('moves');
    window.connecting = window.outcome(window.named('maze').connect());
  });
  await maze.offered(1);

  const { host } = new URL(server.address);
  await server.interrupt();
  await heard(page, 'reconnecting');
  assert.equal(await page.evaluate(() => window.connecting), 'DirectoryError directory-lost');
  assert.equal(await page.evaluate(() => window.outcome(window.named('maze').connect())), 'DirectoryError directory-lost');
  assert.equal(await page.evaluate(() => window.echo(window.channel, 'alone')), 'alone');
  assert.equal(await page.evaluate(() => window.directory.servers.length), 2);

  server = await serve(host, ['--no-arena']);
  await heard(page, 'reconnected');
  await page.waitForFunction(() => window.directory.servers.length === 0);
  assert.deepEqual((await events(page)).slice(-4), ['reconnecting', 'serverremoved duel', 'serverremoved maze', 'reconnected']);
  await duel.register({ name: 'duel again' });
  await heard(page, 'serveradded duel again');
  assert.equal(await page.evaluate(() => window.echo(window.channel, 'still there')), 'still there');
  const more = () => page.evaluate(async () => window.echo(await window.duel.createDataChannel('chat'), 'more'));
  assert.equal(await more(), 'more');
  const anew = () => page.evaluate(async () => window.echo(await window.named('duel again').createDataChannel('a'), 'anew'));
  assert.equal(await anew(), 'anew');
  assert.equal(await page.evaluate(() => window.echo(window.channel, 'both')), 'both');
});

test('after a break the page hears only of what differs', async () => {
  const games = {};
  for (const name of ['duel', 'maze', 'race']) {
    games[name] = await play(browser, server.address);
    await games[name].register({ name });
  }
  const page = await visit(LATE);
  const watcher = await visit();
  await heard(page, 'serveradded race');
  const kept = await page.evaluateHandle(() => window.named('duel'));
  await page.evaluate(() => window.socket.close());
  await heard(page, 'reconnecting');
  await games.maze.leave();
  await games.race.update('{"name":"race","laps":3}');
  const late = await play(browser, server.address);
  await late.register({ name: 'late' });
  for (const event of ['serverremoved maze', 'serverchanged race', 'serveradded late']) await heard(watcher, event);
  await page.evaluate(() => {
    window.events = [];
    window.dispatchEvent(new Event('online'));
  });
  await heard(page, 'reconnected');
  assert.deepEqual(await events(page), ['serverchanged race', 'serveradded late', 'serverremoved maze', 'reconnected']);
  assert.equal(await kept.evaluate((duel) => duel === window.named('duel')), true);
  assert.equal(await kept.evaluate((duel) => window.outcome(duel.connect())), 'done');
});

test('a directory that is not there, or not wanted any more', async () => {
  const page = await visit();
  const codes = await page.evaluate(async () => {
    const { Directory } = await import('/socker.js');
    const code = (promise) => promise.then(() => 'open', ({ code, name, message }) => code ?? `${name} ${message}`);
    const called = AbortSignal.abort(new Error('called off'));
    const directory = await Directory.open('/directory/clients');
    directory.close();
    return [
      await code(Directory.open('/nowhere')),
      await code(Directory.open('/directory/clients', { signal: called })),
      await code(Directory.open('/directory/clients', { iceServers: 'stun:' })),
      directory.state,
    ];
  });
  assert.deepEqual(codes, ['connection-failed', 'Error called off', 'TypeError iceServers is an array', 'closed']);
});

test('what a directory should not say does no harm', async () => {
  const page = await visit();
  await heard(page, 'connected');
  await page.evaluate(async () => {
    const { Directory } = await import('/socker.js');
    const said = [
      [], [0], [1, 0, 0], [1, 0, 0, 0, 7, 0, 9, 123], [2, 123], [2, 123, 125], [6], [6, 0, 0, 0, 9, 118], [10, 0, 0, 0, 9, 0],
      [10, 0, 0, 0, 9, 4, 65], [12, 0, 0, 0, 9], [14, 1], [15, 0], [15, 0, 7, 104, 105], [15, 1, 0], [255, 1, 2],
      [1, 0, 0, 0, 7, 0, 1, 123, 0, 0, 0, 8, 0, 1, 55],
    ];
    /** A directory's end that the test plays. */
    window.WebSocket = class extends EventTarget {
      static OPEN = 1;
      readyState = 1;
      constructor() {
        super();
        setTimeout(() => said.forEach((bytes) => this.onmessage({ data: Uint8Array.from(bytes).buffer })));
      }
      close() {}
      send() {}
    };
    const directory = (window.other = new Directory('/nowhere', { backoff: { first: 1e6, most: 1e6 } }));
    window.errors = [];
    directory.addEventListener('error', ({ code, message }) => window.errors.push(`${code} ${message}`));
    window.uncaught = [];
    window.addEventListener('error', ({ message }) => window.uncaught.push(message));
    window.addEventListener('unhandledrejection', ({ reason }) => window.uncaught.push(String(reason)));
    await new Promise((resolve) => directory.addEventListener('connected', resolve));
  });
  await page.waitForFunction(() => window.other.servers.length === 2);
  const { errors, uncaught, servers } = await page.evaluate(() => ({
    errors: window.errors,
    uncaught: window.uncaught,
    servers: window.other.servers.map(({ id, metadata }) => [id, metadata]),
  }));
  assert.deepEqual(servers, [[7, undefined], [8, 7]]);
  assert.deepEqual(uncaught, []);
  const garbled = 'malformed-message the directory sent what is no message';
  assert.deepEqual(errors.filter((error) => error !== garbled), ['no-offer hi', 'problem-256 ']);
  assert.equal(errors.length, 11);
});

test('a page made for Enslavism finds its servers', async () => {
  const game = await play(browser, server.address, '/enslavism/slaves');
  const page = await browser.context.newPage();
  await page.goto(`${server.address}socker.js`);
  await page.setContent(`<!doctype html><script src="/enslavism/client.js"></script><script>
    window.messages = [];
    window.notes = [];
    let masterCon = new MasterConnection('ws://' + location.host);
    masterCon.onSlave = slave => {
      slave.connect();
      slave.createDataChannel('test')
      .then(dc => {
        dc.addEventListener('message', msg => {
          messages.push(msg.data);
        });
        dc.send('What have I wrought!');
      });
    };
    masterCon.on('slave', slave => notes.push('slave ' + slave.userData.name));
    masterCon.addEventListener('slaveadded', slave => {
      notes.push('added ' + slave.userData.name);
      slave.addEventListener('rejected', () => notes.push('rejected'));
    });
    masterCon.addEventListener('slaveremoved', slave => notes.push('removed ' + slave.userData.name));
  </script>`);
  const id = await game.register({ name: 'my slave server', connectedAmount: 16 });
  await page.waitForFunction(() => window.messages.includes('What have I wrought!'));
  assert.deepEqual(await page.evaluate(() => masterCon.slaves.map(({ id, userData }) => [id, userData])), [
    [id, { name: 'my slave server', connectedAmount: 16 }],
  ]);
  await page.evaluate(async () => {
    const [slave] = masterCon.slaves;
    slave.close();
    const dc = await slave.createDataChannel('again', { ordered: false });
    dc.addEventListener('message', ({ data }) => window.messages.push(data));
    dc.send('again');
  });
  await page.waitForFunction(() => window.messages.includes('again'));
  await game.set('reject');
  await page.evaluate(() => {
    masterCon.slaves[0].close();
    masterCon.slaves[0].connect();
  });
  await page.waitForFunction(() => window.notes.includes('rejected'));
  await game.leave();
  await page.waitForFunction(() => window.notes.includes('removed my slave server'));
  assert.deepEqual(await page.evaluate(() => masterCon.slaves), []);
  const added = ['slave my slave server', 'added my slave server'];
  assert.deepEqual(await page.evaluate(() => window.notes), [...added, 'rejected', 'removed my slave server']);
});
