import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';
import {
  LATE, SOON, carried, create, cut, events, heard, hurry, join, phase, send, state, told, toldLast, visit,
} from './visitor.mjs';

let browser;
let server;

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  server = await serve();
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  await server.interrupt();
});

const open = () => visit(browser, server.address);

/** Tabs that are members of a room. */
async function members(count, uuid, options) {
  const pages = await Promise.all(Array.from({ length: count }, open));
  for (const page of pages) await join(page, uuid, options);
  return pages;
}

/** The code with which a room refuses a tab. */
const refusal = (page, how, ...args) =>
  page.evaluate(
    ([how, args]) => window.enter(how, ...args).then(() => null, ({ name, code }) => `${name} ${code}`),
    [how, args],
  );

test('members are told what the owner does, and a late one the state first, in order', async () => {
  const owner = await open();
  const { uuid, token } = await create(owner);
  assert.match(uuid, /^[0-9a-f-]{36}$/);
  assert.match(token, /^[0-9a-f]{32}$/);
  const early = await members(3, uuid);
  await send(owner, state('a', '1'), state('b', '2', ''), ['c', ['3']], state('a', 'é→🎲\n"'), ['d']);
  const expected = [
    ['a', '1', 'state'], ['b', '2', '', 'state'], ['c', '3', 'action'], ['a', 'é→🎲\n"', 'state'], ['d', 'action'],
  ];
  for (const page of early) {
    await toldLast(page, 'd', 'action');
    assert.deepEqual(await told(page), expected);
  }
  const [late] = await members(1, uuid);
  await heard(late, 'connected');
  assert.deepEqual(await told(late), [['b', '2', '', 'state'], ['a', 'é→🎲\n"', 'state']]);
  await send(owner, ['e', ['now']]);
  await toldLast(late, 'e', 'now', 'action');
  assert.deepEqual(await told(owner), []);
  assert.deepEqual(await events(owner), ['connected']);
  assert.equal(await late.evaluate(() => window.room.isOwner || window.room.token), undefined);
});

test('messages have the fields of the protocol, and no others', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  await send(owner, state('a', 'x'));
  const fields = { funcKey: '', funcParams: [], stateMessage: false };
  const sent = (value) => carried(owner, (message) => message.status.value === value && !('states' in message));
  assert.deepEqual(await sent(1), { uuid: '', status: { value: 1, text: 'new connection' }, ...fields });
  assert.deepEqual(await sent(3), {
    uuid, status: { value: 3, text: 'connected' }, funcKey: 'a', funcParams: ['x'], stateMessage: true,
  });
  const [member] = await members(1, uuid, { ...SOON, fields: { password: 'sesame', status: 'mine' } });
  const joining = { uuid, status: { value: 2, text: 'join connection' }, ...fields, password: 'sesame' };
  assert.deepEqual(await carried(member, ({ status }) => status.value === 2), joining);
  await owner.evaluate(() => window.room.close());
  assert.deepEqual(await sent(4), { uuid, status: { value: 4, text: 'close connection' }, ...fields });
});

test('after a restart of the server all are back, with the whole state', async () => {
  const owner = await open();
  const { uuid } = await create(owner, LATE);
  const [first, second] = await members(2, uuid, { ...SOON, fields: { password: 'sesame' } });
  await send(owner, state('a', '1'), state('b', '2'), ['c', ['3']], state('a', '4'));
  for (const page of [first, second]) await toldLast(page, 'a', '4', 'state');

  const { host } = new URL(server.address);
  await server.interrupt();
  for (const page of [owner, first, second]) await heard(page, 'reconnecting');
  assert.equal(await phase(owner), 'reconnecting');
  for (const page of [first, second]) await page.evaluate(() => (window.told = []));
  await send(owner, state('d', 'meanwhile'));
  server = await serve(host);

  // A member is there before the owner, who waits until it is told to hurry.
  const { password } = await carried(first, ({ status, password }) => status.value === 2 && password);
  assert.equal(password, 'sesame');
  await carried(first, ({ error }) => error === 'unknown-room');
  await hurry(owner);
  for (const page of [owner, first, second]) await heard(page, 'reconnected');
  for (const page of [first, second]) {
    await toldLast(page, 'd', 'meanwhile', 'state');
    assert.deepEqual(await told(page), [['b', '2', 'state'], ['a', '4', 'state'], ['d', 'meanwhile', 'state']]);
  }
  for (const page of [owner, first, second]) {
    assert.deepEqual(await events(page), ['connected', 'reconnecting', 'reconnected']);
    assert.equal(await phase(page), 'connected');
  }
  assert.deepEqual(await told(owner), []);
  assert.equal(await owner.evaluate(() => window.room.uuid), uuid);

  await owner.evaluate(() => window.room.close());
  for (const page of [owner, first, second]) {
    await heard(page, 'closed room-closed');
    assert.equal(await phase(page), 'closed');
  }
});

test('what was lost on the way is sent again, and then what was sent meanwhile', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  const [member] = await members(1, uuid);
  await send(owner, state('a', 'same'), state('b', 'old'));
  await toldLast(member, 'b', 'old', 'state');
  await owner.evaluate(() => (window.sockets.at(-1).send = () => {})); // the network swallows all of it
  await send(owner, state('c', 'lost'), ['d', ['lost']], state('b', 'new'), state('a', 'same'));
  await cut(owner);
  await heard(owner, 'reconnecting');
  await send(owner, ['d', ['meanwhile']], state('e', 'meanwhile'));
  await heard(owner, 'reconnected');
  await toldLast(member, 'e', 'meanwhile', 'state');
  assert.deepEqual((await told(member)).slice(2), [
    ['c', 'lost', 'state'], ['b', 'new', 'state'], ['a', 'same', 'state'],
    ['d', 'meanwhile', 'action'], ['e', 'meanwhile', 'state'],
  ]);
  const [late] = await members(1, uuid);
  await heard(late, 'connected');
  const kept = [['c', 'lost', 'state'], ['b', 'new', 'state'], ['a', 'same', 'state'], ['e', 'meanwhile', 'state']];
  assert.deepEqual(await told(late), kept);
  assert.deepEqual(await told(owner), []);
  assert.deepEqual(await events(member), ['connected']);

  // Nothing was lost this time, so nothing is sent.
  await member.evaluate(() => (window.told = []));
  await owner.evaluate(() => (window.events = []));
  await cut(owner);
  await heard(owner, 'reconnected');
  await send(owner, ['d', ['end']]);
  await toldLast(member, 'd', 'end', 'action');
  assert.deepEqual(await told(member), [['d', 'end', 'action']]);
});

test('whenever the connection breaks, and whatever is lost, the state is that of the owner', async () => {
  const seed = Number(process.env.ROOM_SEED ?? 1);
  const owner = await open();
  const { uuid } = await create(owner);
  const [member] = await members(1, uuid);
  const expected = await owner.evaluate(async (seed) => {
    const { room, sockets } = window;
    const random = (end) => Math.floor(((seed = (seed * 48271 + 11) % 2147483647) / 2147483647) * end);
    const pause = () => new Promise((resolve) => setTimeout(resolve, random(20)));
    const swallow = () => (sockets.at(-1).send = () => {});
    const state = new Map();
    for (let step = 0; step < 150; step++) {
      const choice = random(20);
      if (choice === 0) sockets.at(-1).close();
      else if (choice === 1 && room.state === 'connected') swallow();
      else if (choice < 5) await pause();
      else {
        const [key, param] = ['abcd'[random(4)], `${random(2)}`];
        room.send(key, [param], { state: true });
        state.delete(key);
        state.set(key, [key, param, 'state']);
      }
    }
    sockets.at(-1).close(); // it may swallow
    room.send('e');
    return [...state.values()];
  }, seed);
  await toldLast(member, 'e', 'action');
  const [late] = await members(1, uuid);
  await heard(late, 'connected');
  assert.deepEqual(await told(late), expected, `ROOM_SEED=${seed}`);
  const last = new Map((await told(member)).filter(([key]) => key !== 'e').map((action) => [action[0], action]));
  assert.deepEqual([...last.values()].sort(), [...expected].sort(), `ROOM_SEED=${seed}`);
  assert.deepEqual(await told(owner), []);
});

test('a member whose connection broke is told the state again', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  const [member, other] = await members(2, uuid, LATE);
  await send(owner, state('a', '1'), state('b', '1'));
  await toldLast(member, 'b', '1', 'state');
  await cut(member);
  await heard(member, 'reconnecting');
  await send(owner, state('a', '2'), ['c']);
  await toldLast(other, 'c', 'action'); // so the server knows it
  await hurry(member);
  await heard(member, 'reconnected');
  assert.deepEqual((await told(member)).slice(2), [['b', '1', 'state'], ['a', '2', 'state']]);
});

test('an owner whose page is loaded again gets its room back, and the state', async () => {
  const owner = await open();
  const { uuid, token } = await create(owner);
  const [member] = await members(1, uuid);
  await send(owner, state('a', '1'), state('b', '2'));
  await toldLast(member, 'b', '2', 'state');
  await owner.reload();
  const back = await owner.evaluate(async (options) => {
    const back = await window.enter('create', options);
    window.room.send('a', ['3'], { state: true }); // so the old one is no news
    return back;
  }, { ...SOON, uuid, token });
  assert.deepEqual(back, { uuid, token });
  await heard(owner, 'connected');
  await toldLast(member, 'a', '3', 'state');
  assert.deepEqual(await told(owner), [['b', '2', 'state']]);
  assert.deepEqual(await events(member), ['connected']);

  const another = await open();
  await create(another, { ...SOON, uuid, token });
  await heard(owner, 'closed replaced');
  await heard(another, 'connected');
  assert.deepEqual(await told(another), [['b', '2', 'state'], ['a', '3', 'state']]);
  await send(owner, ['c']); // does nothing
  await send(another, ['d']);
  await toldLast(member, 'd', 'action');
  assert.ok(!(await told(member)).some(([key]) => key === 'c'));
});

test('who can not be let in is told why', async () => {
  const page = await open();
  const nowhere = '63ca67e0-69bb-4a16-a71f-86a87acbe0b5';
  assert.equal(await refusal(page, 'join', nowhere), 'RoomError unknown-room');
  assert.equal(await refusal(page, 'join', 'no uuid'), 'RoomError unknown-room');
  const wrong = { uuid: nowhere, token: '0'.repeat(32) };
  assert.equal(await refusal(page, 'create', wrong), 'RoomError wrong-token');
  const others = await page.evaluate(async () => {
    const { Room } = await import('/socker.js');
    const stop = new AbortController();
    const stopped = Room.create('/rooms', { signal: stop.signal });
    stop.abort();
    const attempts = [
      stopped,
      Room.create('/echo', { timeout: 100 }), // which never lets anybody in
      Room.create('/nothing'),
      Room.create('/rooms', { signal: AbortSignal.abort(new Error('no more')) }),
    ];
    const ends = await Promise.allSettled(attempts);
    return ends.map(({ reason }) => `${reason.name} ${reason.code ?? reason.message}`);
  });
  assert.deepEqual(others, [
    'AbortError 20', 'RoomError connection-failed', 'RoomError connection-failed', 'Error no more',
  ]);
});

test('a room that does not come back after a restart is closed', async () => {
  const owner = await open();
  const { uuid } = await create(owner, { reconnect: false });
  const [member] = await members(1, uuid, { ...SOON, grace: 200 });
  const { host } = new URL(server.address);
  await server.interrupt();
  await heard(owner, 'closed connection-lost');
  server = await serve(host);
  await heard(member, 'closed unknown-room');
  assert.deepEqual(await events(member), ['connected', 'reconnecting', 'closed unknown-room']);
});

test('some refusals pass, and others are for good', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  // Its first answer, and the one that lets it in again, are to come in time on a busy machine.
  const [member] = await members(1, uuid, { ...SOON, timeout: 3_000 });
  await member.evaluate(() => {
    const Real = window.WebSocket;
    const answers = ['', 'room-full', 'unknown-room', 'let in'];
    window.room.addEventListener('reconnected', () => answers.splice(0, 1, 'denied'));
    window.WebSocket = class extends Real {
      send(text) {
        if (answers[0] === 'let in') return super.send(text);
        const error = answers.shift();
        if (!error) return; // nobody answers
        const answer = JSON.stringify({ status: { value: 0, text: 'said the server' }, error });
        this.dispatchEvent(new MessageEvent('message', { data: answer }));
      }
    };
  });
  await cut(member);
  await heard(member, 'reconnected');
  assert.deepEqual(await events(member), ['connected', 'reconnecting', 'reconnected']);
  await cut(member);
  await heard(member, 'closed denied');
  assert.equal(await phase(member), 'closed');
});

test('a member may not send, and may leave', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  const [first, second] = await members(2, uuid);
  await send(first, ['a'], state('b'));
  await heard(first, 'error not-owner');
  await send(owner, ['c']);
  for (const page of [first, second]) await toldLast(page, 'c', 'action');
  await first.evaluate(() => window.room.close());
  assert.equal((await events(first)).at(-1), 'closed left');
  await send(owner, ['d']);
  await toldLast(second, 'd', 'action');
  assert.deepEqual(await told(first), [['c', 'action']]);
  assert.deepEqual(await told(second), [['c', 'action'], ['d', 'action']]);
});

test('the owner learns that the state is full', async () => {
  const owner = await open();
  await create(owner);
  await send(owner, ...Array.from('abcdefghi', (key) => state(key, 'x'.repeat(60_000))));
  await heard(owner, 'error state-full');
  await send(owner, ['a', ['x'.repeat(70_000)]]);
  await heard(owner, 'error message-too-long');
  assert.equal(await phase(owner), 'connected');
});

test('a handler that throws is reported, and the others are called', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  const [member] = await members(1, uuid);
  const reported = member.waitForEvent('pageerror');
  await member.evaluate(() => {
    const { room } = window;
    room.off('a');
    const once = () => {
      room.off('a', once);
      throw new Error('thrown by a handler');
    };
    room.on('a', once).on('a', ([param], key) => window.told.push([key, param]));
  });
  await send(owner, ['a', ['1']], ['a', ['2']]);
  await toldLast(member, 'a', '2');
  assert.equal((await reported).message, 'thrown by a handler');
  assert.deepEqual(await told(member), [['a', '1'], ['a', '2']]);
  assert.equal(await phase(member), 'connected');
});

test('a handler may leave, and is told no more', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  await send(owner, state('a', '1'), state('b', '2'), state('c', '3'));
  const [member] = await members(1, uuid);
  await heard(member, 'connected');
  await member.evaluate(() => {
    window.told = [];
    window.room.on('c', () => window.room.close());
  });
  await cut(member);
  await heard(member, 'closed left');
  await send(owner, ['d']);
  await cut(owner); // and so all that was sent has arrived
  await heard(owner, 'reconnected');
  assert.deepEqual(await told(member), [['a', '1', 'state'], ['b', '2', 'state'], ['c', '3', 'state']]);
  assert.equal(await phase(member), 'closed');
  assert.deepEqual(await events(member), ['connected', 'reconnecting', 'closed left']);
});

test('what is of a wrong type is refused, and not turned into something else', async () => {
  const page = await open();
  await create(page);
  const wrong = await page.evaluate(async () => {
    const { Room } = await import('/socker.js');
    const { room } = window;
    const calls = {
      number: () => room.send('a', [1]),
      noArray: () => room.send('a', 'x'),
      null: () => room.send('a', [null]),
      noKey: () => room.send(''),
      keyNumber: () => room.send(7, []),
      state: () => room.send('a', [], { state: 1 }),
      handler: () => room.on('a', 'x'),
      handlerKey: () => room.on(undefined, () => {}),
      noUuid: () => Room.join('/rooms'),
      half: () => Room.create('/rooms', { token: 'x' }),
      on: () => Room.create('/rooms', { on: { a: 1 } }),
      fields: () => Room.create('/rooms', { fields: 'x' }),
      timeout: () => Room.create('/rooms', { timeout: 0 }),
      backoff: () => Room.create('/rooms', { backoff: { first: 'soon' } }),
      big: () => Room.create('/rooms', { fields: { big: 1n } }),
      protocol: () => Room.create('ftp://127.0.0.1/'),
      url: () => Room.create('http://'),
    };
    const missing = [];
    for (const [name, call] of Object.entries(calls)) {
      const error = await Promise.resolve().then(call).then(() => null, (error) => error);
      if (!(error instanceof TypeError)) missing.push(name);
    }
    return missing;
  });
  assert.deepEqual(wrong, []);
  assert.equal(await phase(page), 'connected');
});

test('without a connection only so much waits, and then goes as fast as the server takes it', async () => {
  const owner = await open();
  const { uuid } = await create(owner, LATE);
  const [member] = await members(1, uuid);
  await cut(owner);
  await heard(owner, 'reconnecting');
  const actions = Array.from({ length: 1100 }, (_, at) => ['c', [`${at}`]]);
  await send(owner, state('a', 'kept'), ...actions);
  await hurry(owner);
  await toldLast(member, 'c', '1099', 'action');
  const expected = actions.slice(101).map(([key, [param]]) => [key, param, 'action']);
  assert.deepEqual(await told(member), [['a', 'kept', 'state'], ...expected]);
  assert.deepEqual(await events(owner), ['connected', 'reconnecting', 'error outbox-full', 'reconnected']);
});

test('several messages in one, and those that are none', async () => {
  const owner = await open();
  const { uuid } = await create(owner);
  const [member] = await members(1, uuid);
  await heard(member, 'connected');
  await member.evaluate((uuid) => {
    const action = (key, ...params) =>
      JSON.stringify({ uuid, status: { value: 3, text: '' }, funcKey: key, funcParams: params, stateMessage: false });
    const wrong = ['', 'x', '[]', 'null', '{"status":3}', '{"status":{"value":3},"funcKey":"a","funcParams":[1]}'];
    const say = (data) => window.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }));
    for (const data of wrong) say(data);
    say(new Blob(['x']));
    say([action('a', '1'), 'x', action('b', '2'), ''].join('\n'));
  }, uuid);
  assert.deepEqual(await told(member), [['a', '1', 'action'], ['b', '2', 'action']]);
  assert.equal(await phase(member), 'connected');
});

test('a page of another origin may take the client from here', async () => {
  const elsewhere = await serve();
  try {
    const page = await visit(browser, elsewhere.address);
    const uuid = await page.evaluate(async (address) => {
      const { Room } = await import(`${address}socker.js`);
      const room = await Room.create(`${address}rooms`);
      return room.uuid;
    }, server.address);
    assert.equal(uuid.length, 36);
  } finally {
    await elsewhere.interrupt();
  }
});
