import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { play as start, visit as open } from './native.mjs';
import { serve } from './server.mjs';

/** The address of an eth0: pages are to name it as theirs, and game servers are reached there as well. */
const { ETH0 } = process.env;
const HOSTS = ['127.0.0.1', ETH0].filter(Boolean);

let browser;
let server;
/** The game servers that run. @type {Awaited<ReturnType<typeof start>>[]} */
const games = [];

before(async () => {
  browser = await launch();
  server = await serve(ETH0 ? '0.0.0.0:0' : '127.0.0.1:0');
});
after(async () => {
  for (const game of games) await game.kill();
  await server?.interrupt();
  await browser?.close();
});

/** The directory, and what it lists. @param {string} host */
const directory = (host = '127.0.0.1') => `http://${host}:${new URL(server.address).port}/`;
const visit = (from = browser) => open(from, directory());
/** A game server that announces that host. @param {string} name @param {string} [host] */
async function play(name, host) {
  const game = await start(directory(host), name);
  games.push(game);
  return game;
}

for (const host of HOSTS) {
  test(`a page finds a native game server at ${host}, and gets 1,000 echoes on each kind of channel`, async () => {
    const { announced } = await play(host, host);
    assert.equal(new URL(`udp://${announced}`).hostname, host);
    const page = await visit();
    const seen = await page.evaluate(async (host) => {
      const arena = await window.find(host);
      const channels = await Promise.all([
        arena.createDataChannel('ordered'),
        arena.createDataChannel('unordered', { ordered: false }),
        arena.createDataChannel('unreliable', { ordered: false, maxRetransmits: 0 }),
      ]);
      const echoes = await Promise.all(channels.map((channel) => window.echo(channel, 1000)));
      return { state: arena.state, counts: echoes.map((back) => new Set(back).size), ordered: echoes[0], candidates: window.candidates };
    }, host);
    assert.equal(seen.state, 'connected');
    assert.deepEqual(seen.counts, [1000, 1000, 1000]);
    assert.deepEqual(seen.ordered, Array.from({ length: 1000 }, (_, at) => `ordered ${at}`));
    if (ETH0) assert.ok(seen.candidates.some((candidate) => candidate.includes(` ${ETH0} `)), `${seen.candidates}`);
    await page.close();
  });
}

test('two pages on one UDP port, and one that comes again', async () => {
  await play('arena');
  const pages = [await visit(), await visit()];
  const echo = (page, word) =>
    page.evaluate(async (word) => {
      const arena = await window.find('arena');
      const channel = await arena.createDataChannel(word);
      return (await window.echo(channel, 10)).at(-1);
    }, word);
  assert.deepEqual(await Promise.all(pages.map((page, at) => echo(page, `page${at}`))), ['page0 9', 'page1 9']);
  await pages[0].evaluate(async () => (await window.find('arena')).close());
  assert.equal(await echo(pages[0], 'again'), 'again 9');
  for (const page of pages) await page.close();
});

test('a game server that is killed leaves the list, and is back when it is back', async () => {
  const page = await visit();
  const game = await play('mortal');
  await page.evaluate(async () => {
    const mortal = await window.find('mortal');
    window.gone = new Promise((gone) =>
      window.directory.addEventListener('serverremoved', ({ server }) => server === mortal && gone(server.metadata.name)),
    );
  });
  game.kill('SIGKILL');
  assert.equal(await page.evaluate(() => window.gone), 'mortal');
  await play('mortal');
  const echoed = await page.evaluate(async () => {
    const channel = await (await window.find('mortal')).createDataChannel('echo');
    return (await window.echo(channel, 10)).length;
  });
  assert.equal(echoed, 10);
  await page.close();
});

/** Runs in the page: how many echoes came on a channel of its own. */
async function join(name) {
  const channel = await (await window.find(name)).createDataChannel('moves');
  return (await window.echo(channel, 10)).length;
}

/** Runs in the page: sends 20 messages a second to each of these; when each echo came, in ms. */
async function watch(names) {
  const channels = await Promise.all(names.map(async (name) => (await window.find(name)).createDataChannel('moves')));
  const echoes = channels.map(() => []);
  channels.forEach((channel, at) => (channel.onmessage = () => echoes[at].push(performance.now())));
  setInterval(() => channels.forEach((channel) => channel.send('here')), 50);
  return echoes;
}

/** The longest time between two echoes, in ms. @param {number[]} times */
const longest = (times) => Math.round(Math.max(...times.slice(1).map((time, before) => time - times[before])));

test('a browser that is killed is found gone, and nobody else is disturbed', async (t) => {
  const arena = await play('haunted');
  // What is the machine's fault shows here as well.
  await play('calm');
  const [doomed, newcomer] = [await launch(), await launch()];
  try {
    assert.equal(await (await visit(doomed)).evaluate(join, 'haunted'), 10);
    const watcher = await visit();
    const echoes = await watcher.evaluateHandle(watch, ['haunted', 'calm']);
    const late = await visit(newcomer);

    const gone = arena.says(/ is gone: (.+)/).then(([, reason]) => ({ reason, at: performance.now() }));
    await echoes.evaluate((echoes) => echoes.forEach((times) => times.splice(0)));
    const killed = performance.now();
    const entering = late.evaluate(join, 'haunted').then((count) => ({ count, joined: performance.now() }));
    const [{ count, joined }] = await Promise.all([entering, doomed.kill()]);
    assert.equal(count, 10);
    const { reason, at } = await gone;
    const [haunted, calm] = await echoes.jsonValue();

    const [found, entered] = [at - killed, joined - killed].map(Math.round);
    t.diagnostic(`found gone after ${found} ms; the newcomer was there after ${entered} ms`);
    t.diagnostic(`the longest wait of the others ${longest(haunted)} ms, elsewhere ${longest(calm)} ms`);
    assert.match(reason, /silent/);
    assert.ok(entered < found, 'the newcomer did not have to wait');
    // The limit is 5 s of silence; the rest is for a busy machine.
    assert.ok(found < 10_000);
    assert.ok(longest(haunted) < longest(calm) + 1_000, 'the others did not have to wait');
    assert.ok(haunted.length > calm.length * 0.9 && calm.length > 0, `${haunted.length} echoes, ${calm.length} elsewhere`);
    await watcher.close();
  } finally {
    await doomed.close();
    await newcomer.close();
  }
});

test('a browser that tells a name for its address is reached', { skip: !ETH0 && 'there is no eth0' }, async () => {
  const shy = await launch({ isTrusted: false });
  try {
    for (const host of HOSTS) {
      await play(`shy ${host}`, host);
      const page = await visit(shy);
      assert.equal(await page.evaluate(join, `shy ${host}`), 10);
      const candidates = await page.evaluate(() => window.candidates);
      assert.ok(candidates.some((candidate) => candidate.includes('.local ')), `${candidates}`);
    }
  } finally {
    await shy.close();
  }
});
