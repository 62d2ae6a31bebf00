/** Scripts: with a connection that the test plays, and with the program's /play in Chromium. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script, ScriptError, stage } from '../../client/socker.js';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

const { next, stay } = Script;

/** The other end of a connection. */
class Socket extends EventTarget {
  readyState = 0;
  sent = [];
  closed = null;

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
    return this;
  }

  say(data) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }

  end(code, reason) {
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }

  send(data) {
    this.sent.push(data);
  }

  close(code, reason) {
    this.closed = [code, reason];
  }
}

/** Notes what each stage is told. */
const noting = (name, step, options) =>
  stage(name, { message: (state, _, message) => (state.push(`${name} ${message}`), step), ...options });

/** What became of a run that failed. */
const failure = async (run) => {
  const error = await run.then(() => assert.fail('the run came to its end'), (error) => error);
  assert.ok(error instanceof ScriptError, String(error));
  const { code, stage, closeCode, reason } = error;
  return { code, stage, closeCode, reason };
};

test('stages follow each other, and the connection is the page’s again after the last', async () => {
  const script = new Script([
    stage('hello', { enter: (_, cx) => (cx.send('hello'), next) }),
    noting('scene', next, { enter: () => stay }),
    stage('ready', { enter: (_, cx) => (cx.send('ready'), stay), message: (_, cx, data) => (data === 'go' ? next : stay) }),
  ]);
  assert.deepEqual(script.stages, ['hello', 'scene', 'ready']);
  const [socket, told, entered] = [new Socket(), [], []];
  const run = script.run(socket, told, { onStage: (name, ms) => entered.push([name, ms >= 0]) });
  assert.deepEqual(socket.sent, []);
  socket.open();
  assert.deepEqual(socket.sent, ['hello']);
  socket.say('two trees');
  socket.say('wait');
  socket.say('go');
  socket.say('nobody hears this');
  assert.equal(await run, told);
  assert.deepEqual(told, ['scene two trees']);
  assert.deepEqual(socket.sent, ['hello', 'ready']);
  assert.deepEqual(entered, [['hello', true], ['scene', true], ['ready', true]]);
  assert.equal(socket.binaryType, 'arraybuffer');
  assert.equal(socket.closed, null);
});

test('one script drives many connections at once, also data channels that are open', async () => {
  const script = new Script([noting('a', next), noting('b', next)]);
  const sockets = [new Socket(), new Socket()];
  sockets[1].readyState = 'open';
  const runs = sockets.map((socket) => script.run(socket, []));
  sockets[0].open().say('1');
  sockets[1].say('2');
  sockets[1].say('3');
  sockets[0].say('4');
  assert.deepEqual(await Promise.all(runs), [['a 1', 'b 4'], ['a 2', 'b 3']]);
});

test('a stage closes the connection', async () => {
  const socket = new Socket().open();
  const run = new Script([noting('a', next), noting('b', Script.close(4001, 'too old'))]).run(socket, []);
  socket.say('1');
  socket.say('2');
  assert.deepEqual(await failure(run), { code: 'closed', stage: 'b', closeCode: 4001, reason: 'too old' });
  assert.deepEqual(socket.closed, [4001, 'too old']);
});

test('a stage that takes too long ends with its deadline, and one in time does not', async () => {
  const socket = new Socket().open();
  const run = new Script([noting('a', next, { deadline: 60_000 }), noting('b', stay, { deadline: 20 })]).run(socket, []);
  socket.say('1');
  assert.deepEqual(await failure(run), { code: 'timeout', stage: 'b', closeCode: 3008, reason: '' });
  assert.deepEqual(socket.closed, [3008, 'stage "b" took too long']);
});

test('a message that comes after the deadline, but before its timer, is too late', async () => {
  const [socket, told] = [new Socket().open(), []];
  const run = new Script([noting('a', next, { deadline: 5 })]).run(socket, told);
  for (const until = performance.now() + 6; performance.now() < until; );
  socket.say('late');
  assert.equal((await failure(run)).code, 'timeout');
  assert.deepEqual(told, []);
});

test('the other end closes the connection, before it is open or later', async () => {
  const script = new Script([noting('a', next), noting('b', next)]);
  const [early, late, over] = [new Socket(), new Socket(), new Socket()];
  const runs = [early, late].map((socket) => script.run(socket, []));
  early.end(1006, '');
  late.open().say('1');
  late.end(1001, 'restart');
  assert.deepEqual(await failure(runs[0]), { code: 'connection-lost', stage: undefined, closeCode: 1006, reason: '' });
  assert.deepEqual(await failure(runs[1]), { code: 'connection-lost', stage: 'b', closeCode: 1001, reason: 'restart' });
  over.readyState = 3;
  assert.equal((await failure(script.run(over, []))).code, 'connection-lost');
});

test('handlers that throw, or say nothing, end the run', async () => {
  const wrong = [() => { throw new Error('of the page'); }, () => undefined, async () => next];
  const names = [];
  for (const message of wrong) {
    const socket = new Socket().open();
    const run = new Script([stage('a', { message })]).run(socket, {});
    socket.say('1');
    names.push(await run.catch(({ name, message }) => `${name}: ${message}`));
    assert.equal(socket.closed[0], 1000);
  }
  const nothing = 'TypeError: stage "a" says neither to stay, nor next, nor to close';
  assert.deepEqual(names, ['Error: of the page', nothing, nothing]);
});

test('a run is called off, and the connection stays', async () => {
  const [socket, stop] = [new Socket().open(), new AbortController()];
  const run = new Script([noting('a', next)]).run(socket, [], { signal: stop.signal });
  stop.abort(new Error('another page'));
  await assert.rejects(run, /another page/);
  assert.equal(socket.closed, null);
  await assert.rejects(new Script([noting('a', next)]).run(socket, [], { signal: stop.signal }), /another page/);
});

test('what is wrong is told at once', () => {
  assert.throws(() => new Script([]), TypeError);
  assert.throws(() => stage(''), TypeError);
  assert.throws(() => stage('a', { message: 'next' }), TypeError);
  assert.throws(() => stage('a', { deadline: -1 }), TypeError);
  assert.throws(() => Script.close(1008), RangeError);
  assert.throws(() => Script.close(4000, 'é'.repeat(62)), RangeError);
});

test('the page’s side of /play reads as the server’s', async () => {
  const [browser, server] = [await launch(), await serve()];
  try {
    const page = await browser.context.newPage();
    await page.goto(`${server.address}socker.js`);
    const result = await page.evaluate(async () => {
      const [{ Script, stage }, { address, decode, encodeReady }] = [await import('/socker.js'), await import('/wire.js')];
      /** Waits for a message of the type, and keeps it. */
      const expect = (type) => (state, _, data) => {
        const message = decode(data);
        if (message?.type !== type) return Script.stay;
        state[type] = message;
        return Script.next;
      };
      const script = new Script([
        stage('scene', { deadline: 10_000, message: expect('scene') }),
        stage('ready', { deadline: 10_000, enter: (_, cx) => cx.send(encodeReady()), message: expect('play') }),
        stage('play', { deadline: 10_000, message: expect('snapshot') }),
      ]);
      const names = [];
      const socket = new WebSocket(address('/play'));
      const { scene, play, snapshot } = await script.run(socket, {}, { onStage: (name) => names.push(name) });
      const isThere = snapshot.peers.has(play.id);
      const goesOn = await new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(decode(data).type)));
      socket.close();
      return { names, discs: scene.discs.length > 0, isThere, goesOn };
    });
    assert.deepEqual(result, { names: ['scene', 'ready', 'play'], discs: true, isThere: true, goesOn: 'snapshot' });
  } finally {
    await browser.close();
    await server.interrupt();
  }
});
