import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launch, listen } from './browser.mjs';
import { serve } from './server.mjs';

let browser;
let server;
/** What pages complained about. */
let complaints = [];

before(async () => {
  browser = await launch();
});
after(() => browser?.close());

beforeEach(async () => {
  complaints = [];
  server = await serve();
});
afterEach(async () => {
  for (const page of browser.context.pages().slice(1)) await page.close();
  await server.interrupt();
});

async function visit(address = server.address, prepare = async () => {}) {
  const page = await browser.context.newPage();
  await prepare(page);
  await page.setViewportSize({ width: 720, height: 560 }); // small pictures are drawn soon
  page.on('pageerror', (error) => complaints.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(address);
  return page;
}

/** How often a tab is asked; those in the background would be asked with their frames, which are few. */
const OFTEN = { polling: 20 };

/** Waits until the board says where this tab is. */
const stands = (page, role, status) =>
  page.waitForFunction(
    ([role, status]) => {
      const { dataset } = document.getElementById('board');
      return dataset.role === role && dataset.status === status;
    },
    [role, status],
    OFTEN,
  );

/** A tab that has opened a board. */
async function open() {
  const page = await visit();
  await page.click('#board-open');
  await stands(page, 'owner', 'here');
  return page;
}

/** Clicks what is in the tab, as soon as that is in front. */
async function press(page, selector) {
  await page.bringToFront();
  await page.click(selector);
}

const linkOf = (owner) => owner.inputValue('#board-link');

/** A tab that follows a board, and shows so many strokes. */
async function follow(link, strokes) {
  const page = await visit(link);
  await stands(page, 'follower', 'here');
  await shows(page, strokes);
  return page;
}

/** Waits until the canvas shows so many finished strokes. */
const shows = (page, strokes) =>
  page.waitForFunction((strokes) => document.getElementById('board').dataset.strokes === strokes, `${strokes}`, OFTEN);

/** Draws through places from 0 to 1 of the canvas's width and height; the hand stays down if it is not `up`. */
async function draw(page, places, { up = true } = {}) {
  await page.bringToFront(); // a hand is quicker there
  const canvas = page.locator('#board-canvas');
  await canvas.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await canvas.boundingBox();
  const [first, ...rest] = places.map(([right, down]) => [x + right * width, y + down * height]);
  await page.mouse.move(...first);
  await page.mouse.down();
  for (const place of rest) await page.mouse.move(...place, { steps: 2 });
  if (up) await page.mouse.up();
}

const pixels = (page) => page.evaluate(() => document.getElementById('board-canvas').toDataURL());
const notice = (page) => page.textContent('#board-notice-title');

const ZIGZAG = [[0.1, 0.2], [0.3, 0.8], [0.5, 0.2], [0.7, 0.8]];
const CROSS = [[0.2, 0.5], [0.9, 0.45]];

test('those who follow see what the owner draws, pixel by pixel, also who comes late', async () => {
  const owner = await open();
  const link = await linkOf(owner);
  const early = await follow(link, 0);
  const empty = await pixels(owner);
  assert.equal(await pixels(early), empty);

  await draw(owner, ZIGZAG);
  await owner.check('[name=colour][value="1"]');
  await owner.check('[name=width][value="52"]');
  await draw(owner, CROSS);
  await draw(owner, [[0.5, 0.9]]); // a dot
  for (const page of [owner, early]) await shows(page, 3);
  const picture = await pixels(owner);
  assert.notEqual(picture, empty);
  assert.equal(await pixels(early), picture);
  const late = await follow(link, 3);
  assert.equal(await pixels(late), picture);

  await press(owner, '#board-undo');
  await owner.keyboard.press('Control+z');
  for (const page of [owner, early, late]) await shows(page, 1);
  assert.equal(await pixels(early), await pixels(owner));
  assert.notEqual(await pixels(owner), picture);

  await press(owner, '#board-clear');
  for (const page of [owner, early, late]) await shows(page, 0);
  assert.equal(await pixels(owner), empty);
  await draw(owner, CROSS);
  for (const page of [owner, early, late]) await shows(page, 1);
  assert.equal(await pixels(late), await pixels(owner));
  assert.equal(await pixels(await follow(link, 1)), await pixels(owner));
  assert.deepEqual(complaints, []);
});

test('a stroke is seen while it is drawn, and a long one goes on', async () => {
  const owner = await open();
  const follower = await follow(await linkOf(owner), 0);
  const empty = await pixels(follower);
  await draw(owner, CROSS, { up: false });
  await follower.waitForFunction((empty) => document.getElementById('board-canvas').toDataURL() !== empty, empty, OFTEN);
  assert.equal(await follower.evaluate(() => document.getElementById('board').dataset.strokes), '0');

  // 303 points, which are four strokes of one touch.
  await owner.evaluate(() => {
    const canvas = document.getElementById('board-canvas');
    const { left, top, width, height } = canvas.getBoundingClientRect();
    for (let at = 0; at < 300; at++) {
      const place = { clientX: left + width * (0.85 - at / 400), clientY: top + height * (at % 2 ? 0.2 : 0.7) };
      canvas.dispatchEvent(new PointerEvent('pointermove', { pointerId: 1, ...place }));
    }
  });
  await shows(follower, 3);
  await owner.mouse.up();
  for (const page of [owner, follower]) await shows(page, 4);
  assert.equal(await pixels(follower), await pixels(owner));
  await press(owner, '#board-undo');
  for (const page of [owner, follower]) await shows(page, 0);
  assert.deepEqual(complaints, []);
});

test('a finger draws, sharply on a screen of high density, and does not scroll', async () => {
  const owner = await open();
  const follower = await follow(await linkOf(owner), 0);
  await owner.bringToFront();
  const session = await browser.context.newCDPSession(owner);
  const metrics = { width: 390, height: 700, deviceScaleFactor: 3, mobile: true };
  await session.send('Emulation.setDeviceMetricsOverride', metrics);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  await owner.waitForFunction(() => document.getElementById('board-canvas').width === 3 * 390);
  await owner.evaluate(() => document.getElementById('board').scrollIntoView());
  // The page above may become longer: the browser scrolls then, so that the board stays where it is.
  const top = () => owner.evaluate(() => document.getElementById('board-canvas').getBoundingClientRect().top);
  const before = await top();
  const { x, y, width, height } = await owner.locator('#board-canvas').boundingBox();
  const touch = (type, ...places) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: places.map(([right, down], id) => ({ x: x + right * width, y: y + down * height, id })),
    });
  await touch('touchStart', [0.2, 0.2]);
  await touch('touchMove', [0.5, 0.5]);
  await touch('touchMove', [0.7, 0.8], [0.4, 0.4]); // a second finger draws nothing
  await touch('touchMove', [0.8, 0.9], [0.3, 0.1]);
  await touch('touchEnd');
  for (const page of [owner, follower]) await shows(page, 1);
  assert.equal(await top(), before);
  assert.deepEqual(complaints, []);
});

test('who follows can not draw, and may stop', async () => {
  const owner = await open();
  await draw(owner, ZIGZAG);
  const follower = await follow(await linkOf(owner), 1);
  assert.match(await follower.textContent('#board-status'), /following: the owner draws here/);
  assert.equal(await follower.isVisible('#board-tools'), false);
  const picture = await pixels(follower);
  await draw(follower, CROSS);
  await draw(owner, CROSS);
  for (const page of [owner, follower]) await shows(page, 2);
  assert.equal(await pixels(follower), await pixels(owner));
  assert.notEqual(await pixels(follower), picture);
  await press(follower, '#board-close');
  await stands(follower, 'follower', 'none');
  assert.equal(await notice(follower), 'You have left the board');
  assert.equal(await owner.evaluate(() => document.getElementById('board').dataset.status), 'here');
});

test('the link is copied, and the button says so', async () => {
  const owner = await open();
  // It says so for a moment only.
  const copied = () => listen(owner, 'board-copied', 'Copied');
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.address });
  const first = await copied();
  await press(owner, '#board-copy');
  await first.said();
  const link = await linkOf(owner);
  assert.match(link, /\/\?uuid=[0-9a-f-]{36}$/);
  assert.equal(await owner.evaluate(() => navigator.clipboard.readText()), link);

  // Where there is no clipboard, as over plain HTTP.
  await owner.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined });
    document.addEventListener('copy', () => (window.copied = `${document.getSelection()}`));
  });
  await owner.waitForFunction(() => document.getElementById('board-copy').textContent === 'Copy');
  const second = await copied();
  await press(owner, '#board-copy');
  await second.said();
  assert.equal(await owner.evaluate(() => window.copied), link);
  assert.deepEqual(complaints, []);
});

test('an owner whose page is loaded again goes on drawing', async () => {
  const owner = await open();
  const link = await linkOf(owner);
  await draw(owner, ZIGZAG);
  await draw(owner, CROSS);
  const follower = await follow(link, 2);
  const picture = await pixels(follower);
  await owner.reload();
  await stands(owner, 'owner', 'here');
  await shows(owner, 2);
  assert.equal(await linkOf(owner), link);
  assert.equal(await pixels(owner), picture);
  await draw(owner, [[0.2, 0.1], [0.8, 0.1]]);
  for (const page of [owner, follower]) await shows(page, 3);
  assert.equal(await pixels(follower), await pixels(owner));
  await press(owner, '#board-undo');
  for (const page of [owner, follower]) await shows(page, 2);
  assert.equal(await pixels(follower), picture);
  assert.deepEqual(complaints, []);
});

test('a board that is opened in a second tab is taken from the first, and back', async () => {
  const first = await open();
  await draw(first, ZIGZAG);
  const second = await visit();
  const mine = await first.evaluate(() => sessionStorage.getItem('board'));
  await second.evaluate((mine) => sessionStorage.setItem('board', mine), mine); // as when a tab is doubled
  await second.reload();
  await stands(second, 'owner', 'here');
  await shows(second, 1);
  await stands(first, 'owner', 'none');
  assert.equal(await notice(first), 'You draw in another tab');
  await press(first, '#board-open');
  await stands(first, 'owner', 'here');
  await shows(first, 1);
  await stands(second, 'owner', 'none');
  assert.deepEqual(complaints, []);
});

test('the picture outlives the server, and what is drawn meanwhile arrives', async () => {
  const owner = await open();
  await draw(owner, ZIGZAG);
  const follower = await follow(await linkOf(owner), 1);
  const { host } = new URL(server.address);
  await server.interrupt();
  await stands(owner, 'owner', 'away');
  await stands(follower, 'follower', 'away');
  await draw(owner, CROSS);
  await shows(owner, 2);
  server = await serve(host);
  await stands(owner, 'owner', 'here');
  await stands(follower, 'follower', 'here');
  await shows(follower, 2);
  assert.equal(await pixels(follower), await pixels(owner));
});

test('who is cut off before all that was drawn is told has all of it in the end', async () => {
  const owner = await open();
  for (const stroke of [ZIGZAG, CROSS]) await draw(owner, stroke);
  await shows(owner, 2);
  const cuts = [];
  const hold = (page) =>
    page.routeWebSocket(/\/rooms$/, (socket) => {
      const there = socket.connectToServer();
      if (cuts.push(() => socket.close({ code: 4000 })) > 1) return;
      let told = 0; // that it is let in, and of one stroke
      there.onMessage((message) => told++ < 2 && socket.send(message));
    });
  const follower = await visit(await linkOf(owner), hold);
  await shows(follower, 1);
  await press(owner, '#board-undo');
  await shows(owner, 1);
  await draw(owner, [[0.5, 0.9]]);
  await shows(owner, 2);
  await cuts[0]();
  await stands(follower, 'follower', 'here');
  await shows(follower, 2);
  assert.equal(await pixels(follower), await pixels(owner));
  assert.deepEqual(complaints, []);
});

test('a board that is closed or unknown says so, and offers an own one', async () => {
  const owner = await open();
  const link = await linkOf(owner);
  await draw(owner, ZIGZAG);
  const follower = await follow(link, 1);
  await press(owner, '#board-close');
  await stands(owner, 'owner', 'none');
  await stands(follower, 'follower', 'none');
  for (const page of [owner, follower]) assert.equal(await notice(page), 'The board is closed');

  const late = await visit(link);
  await stands(late, 'follower', 'none');
  assert.equal(await notice(late), 'This board is gone');
  await press(late, 'text=Open a board of your own');
  await stands(late, 'owner', 'here');
  assert.equal(new URL(late.url()).search, '');
  assert.notEqual(await linkOf(late), link);

  await owner.reload();
  await owner.waitForFunction(() => document.getElementById('board-notice-title').textContent === 'An empty board');
  assert.deepEqual(complaints, []);
});

test('what is no stroke is left out, and harms nobody who follows', async () => {
  const owner = await visit();
  const uuid = await owner.evaluate(async () => {
    const { Room } = await import('/socker.js');
    window.room = await Room.create('/rooms');
    const wrong = [['0'], ['0', '9', '22', 'AAAA'], ['-1', '0', '22', 'AAAA'], ['0', '0', '1e9', 'AAAA'],
      ['0', '0', '22', ''], ['0', '0', '22', 'AAA'], ['0', '0', '22', '€€€€'], ['0', '0', '22', '____'],
      ['0', '0', '22', 'A'.repeat(4 * 81)], ['x', 'x', 'x', 'x']];
    for (const params of wrong) {
      window.room.send('stroke-1', params, { state: true });
      window.room.send('draw', ['1', ...params]);
    }
    window.room.send('draw', ['1', '1', '0', '22', 'x', 'AAAA']);
    window.room.send('draw', ['500', '0', '0', '22', '0', 'AAAA']);
    window.room.send('stroke-500', ['0', '0', '22', 'AAAA'], { state: true });
    window.room.send('nonsense', ['1']);
    return window.room.uuid;
  });
  const follower = await follow(`${server.address}?uuid=${uuid}`, 0);
  await owner.evaluate(() => window.room.send('stroke-2', ['2', '1', '22', 'AAAAgAgA'], { state: true }));
  await shows(follower, 1);
  assert.deepEqual(complaints, []);
});

test('one stroke too many takes the place of the oldest', async () => {
  const page = await visit();
  const seen = await page.evaluate(async () => {
    const { MOST_STROKES, Picture } = await import('/picture.js');
    const picture = new Picture();
    for (let at = 0; at < MOST_STROKES + 2; at++) {
      const index = picture.nextIndex;
      picture.add({ index, first: at < MOST_STROKES ? index : 0, colour: 0, width: 10, points: [[at, at]] });
    }
    const order = [...picture.strokes.values()].map(({ points }) => points[0][0]);
    const touch = picture.lastTouch.map(({ index }) => index);
    return { size: order.length, oldest: order[0], newest: order.at(-1), next: picture.nextIndex, touch };
  });
  assert.deepEqual(seen, { size: 500, oldest: 2, newest: 501, next: 2, touch: [0, 1] });
});

test('a whole board stays below what the server keeps', async () => {
  const page = await visit();
  const bytes = await page.evaluate(async () => {
    const { MOST_POINTS, MOST_STROKES } = await import('/picture.js');
    const { encodeStroke, keyOf } = await import('/strokes.js');
    const { encode } = await import('/socker/message.js');
    const stroke = { index: MOST_STROKES - 1, first: MOST_STROKES - 1, colour: 4, width: 52 };
    stroke.points = Array.from({ length: MOST_POINTS }, () => [4095, 2303]);
    const action = { key: keyOf(stroke), params: encodeStroke(stroke), isState: true };
    const kept = 256; // what the server counts for keeping a message
    const each = encode(3, crypto.randomUUID(), action).length + action.key.length + kept;
    return each * MOST_STROKES + 500; // and that it was cleared
  });
  assert.ok(bytes < 512 << 10, `${bytes}`);
});
