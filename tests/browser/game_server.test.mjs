import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE =
  process.env.GAME_SERVER ??
  `${process.env.CARGO_TARGET_DIR ?? `${ROOT}/target`}/debug/examples/game_server`;

let browser;
let server;
/** The game servers that run. @type {import('node:child_process').ChildProcess[]} */
const games = [];

before(async () => {
  browser = await launch();
  server = await serve();
});
after(async () => {
  for (const game of games) game.kill();
  await server?.interrupt();
  await browser?.close();
});

/** A native game server, which echoes. @param {string} name */
async function play(name) {
  const directory = server.address.replace(/^http/, 'ws').replace(/\/$/, '');
  const game = spawn(EXAMPLE, [directory, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  games.push(game);
  await once(createInterface({ input: game.stdout }), 'line');
  return game;
}

/** A page that has the directory, and `find(name)` for a server of it. */
async function visit() {
  const page = await browser.context.newPage();
  await page.goto(server.address);
  await page.evaluate(async () => {
    const { Directory } = await import('/socker.js');
    window.directory = await Directory.open('/directory/clients');
    window.find = async (name) => {
      const found = () => window.directory.servers.find(({ metadata }) => metadata?.name === name);
      while (!found()) await new Promise((added) => window.directory.addEventListener('serveradded', added, { once: true }));
      return found();
    };
    /** Sends so many messages, a few at a time; what came back, in order. */
    window.echo = (channel, count) =>
      new Promise((resolve) => {
        const back = [];
        let sent = 0;
        const send = () => channel.send(`${channel.label} ${sent++}`);
        channel.onmessage = ({ data }) => {
          back.push(data);
          if (back.length === count) resolve(back);
          else if (sent < count) send();
        };
        for (let first = 0; first < 10; first++) send();
      });
  });
  return page;
}

test('a page finds a native game server, and gets 1,000 echoes on each kind of channel', async () => {
  await play('arena');
  const page = await visit();
  const seen = await page.evaluate(async () => {
    const arena = await window.find('arena');
    const channels = await Promise.all([
      arena.createDataChannel('ordered'),
      arena.createDataChannel('unordered', { ordered: false }),
      arena.createDataChannel('unreliable', { ordered: false, maxRetransmits: 0 }),
    ]);
    const echoes = await Promise.all(channels.map((channel) => window.echo(channel, 1000)));
    return { state: arena.state, counts: echoes.map((back) => new Set(back).size), ordered: echoes[0] };
  });
  assert.equal(seen.state, 'connected');
  assert.deepEqual(seen.counts, [1000, 1000, 1000]);
  assert.deepEqual(seen.ordered, Array.from({ length: 1000 }, (_, at) => `ordered ${at}`));
  await page.close();
});

test('two pages on one UDP port, and one that comes again', async () => {
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
