// The browser's half of the demo: one WebSocket to /play that walks the stages
// connect, scene, ready and play; a canvas for what it is told; an echo panel.

/** @typedef {{x: number, y: number, radius: number, hue: number}} Disc */
/** @typedef {{width: number, height: number, discs: Disc[]}} World */
/** @typedef {{x: number, y: number, hue: number}} Peer  as the last snapshot has it */
/** @typedef {Peer & {trail: {x: number, y: number, at: number}[]}} Marker  as it is drawn */

const STAGES = ['connect', 'scene', 'ready', 'play'];
const TRAIL_MS = 400;
const KEY_SPEED = 620; // world units per second
const KEYS = {
  ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
  KeyA: [-1, 0], KeyD: [1, 0], KeyW: [0, -1], KeyS: [0, 1],
};
const CLOSE_WORDS = {
  1000: 'The server said goodbye', 1001: 'The server is going away', 1002: 'The protocol was broken',
  1003: 'The server takes no such data', 1005: 'The server gave no reason', 1006: 'The connection was lost',
  1007: 'A message was malformed', 1008: 'The server refused to go on', 1009: 'A message was too big',
  1011: 'The server ran into an error', 1012: 'The server is restarting', 1013: 'The server is too busy',
};

const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
const darkScheme = matchMedia('(prefers-color-scheme: dark)');
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const plural = (count, noun) => `${count}\u00a0${noun}${count === 1 ? '' : 's'}`;
const socketUrl = (path) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`;

/** For debugging and browser tests. @type {{peers: Map<number, Peer>, self: number | null}} */
const socker = (window.socker = { peers: new Map(), self: null });
/** What is drawn. @type {Map<number, Marker>} */
const markers = new Map();
/** A stand-in until the server's Scene comes. @type {World} */
let world = { width: 1600, height: 900, discs: [] };

// --- Wire format ---

/** @param {ArrayBuffer} buffer @returns {object | null} null if unknown or cut short */
function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  const u8 = () => view.getUint8(at++);
  const u16 = () => view.getUint16((at += 2) - 2);
  const u32 = () => view.getUint32((at += 4) - 4);
  const readers = {
    1() {
      const [width, height, count] = [u16(), u16(), u8()];
      const disc = () => ({ x: u16(), y: u16(), radius: u16(), hue: u16() });
      const discs = Array.from({ length: count }, disc);
      return width && height ? { type: 'scene', width, height, discs } : null;
    },
    3: () => ({ type: 'play', id: u16(), hue: u16() }),
    4() {
      const [tick, count, peers] = [u32(), u16(), new Map()];
      for (let i = 0; i < count; i++) peers.set(u16(), { x: u16(), y: u16(), hue: u16() });
      return { type: 'snapshot', tick, peers };
    },
  };
  try {
    return readers[u8()]?.() ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null; // read past the end
    throw error;
  }
}

const encodeReady = () => Uint8Array.of(2);
const encodeMove = (x, y) => Uint8Array.of(5, x >> 8, x & 255, y >> 8, y & 255);

// --- Stages and status ---

const stage = (name) => document.querySelector(`[data-stage="${name}"]`);
const hasReached = (name) => 'reached' in stage(name).dataset;

function writeStage(name, time, said) {
  stage(name).querySelector('.time').textContent = time;
  stage(name).querySelector('.said').textContent = said;
}

/** Marks a stage as reached: once, and only if the one before it was. */
function reachStage(name, said) {
  const before = STAGES[STAGES.indexOf(name) - 1];
  if (hasReached(name) || (before && !hasReached(before))) return;
  const ms = (stage(name).dataset.reached = (performance.now() - link.began).toFixed(1));
  writeStage(name, `${ms} ms`, said);
}

/** Snapshots of the last few seconds. @type {{tick: number, at: number}[]} */
let ticks = [];

function tickRate() {
  ticks = ticks.filter(({ at }) => performance.now() - at < 4000);
  const [first, last] = [ticks[0], ticks.at(-1)];
  if (!first || last.at - first.at < 400) return null;
  return (((last.tick - first.tick) >>> 0) * 1000) / (last.at - first.at); // >>> 0: ticks may wrap
}

function showStatus() {
  const [count, rate, playing] = [socker.peers.size, tickRate(), root.dataset.state === 'playing'];
  $('status-you').textContent = playing ? `you are #${socker.self}` : '';
  $('status-peers').textContent = playing ? `${plural(count, 'peer')} connected` : 'not connected';
  $('status-ticks').textContent = rate === null ? '' : `${Math.round(rate)} ticks/s`;
  $('hint').classList.toggle('shown', playing && count === 1);
}

function setState(state) {
  root.dataset.state = $('state').textContent = state;
  showStatus();
}

// --- Connection ---

const link = { socket: null, began: 0, opened: false, attempt: 0, countdown: 0 };

function connect() {
  clearInterval(link.countdown);
  // An attempt that hangs is dropped; its end must not be taken for news of this one.
  if (link.socket) link.socket.onopen = link.socket.onmessage = link.socket.onclose = null;
  link.socket?.close();
  for (const name of STAGES) {
    delete stage(name).dataset.reached;
    writeStage(name, '', '');
  }
  setState('connecting');
  $('closed-next').textContent = 'Connecting…';
  const socket = new WebSocket(socketUrl('/play'));
  Object.assign(link, { socket, opened: false, began: performance.now() });
  socket.binaryType = 'arraybuffer';
  socket.onopen = () => {
    link.opened = true;
    reachStage('connect', 'server → page: accepted');
  };
  socket.onmessage = ({ data }) => data instanceof ArrayBuffer && receive(data);
  socket.onclose = whenClosed;
}

/** @param {ArrayBuffer} data */
function receive(data) {
  const message = decode(data);
  const size = plural(data.byteLength, 'byte');
  if (message?.type === 'scene') enterScene(message, size);
  if (message?.type === 'play') enterPlay(message);
  if (message?.type === 'snapshot') applySnapshot(message, size);
}

function enterScene(scene, size) {
  world = scene;
  layOut();
  if (hasReached('scene')) return;
  reachStage('scene', `server → page: scene, ${size}`);
  link.socket.send(encodeReady());
}

function enterPlay({ id, hue }) {
  root.dataset.self = socker.self = id;
  markers.set(id, { x: world.width / 2, y: world.height / 2, hue, trail: [] });
  own.lastInput = -Infinity;
  $('status-you').style.setProperty('--hue', hue);
  reachStage('ready', 'page → server: ready, reply: play');
}

function applySnapshot({ tick, peers }, size) {
  socker.peers = peers;
  root.dataset.peers = peers.size;
  ticks.push({ tick, at: performance.now() });
  for (const id of markers.keys()) if (!peers.has(id) && id !== socker.self) markers.delete(id);
  for (const [id, peer] of peers) if (!markers.has(id)) markers.set(id, { ...peer, trail: [] });
  placeOwn(peers.get(socker.self));
  view.stale = true;
  reachStage('play', `server → page: snapshot, ${size}`);
  if (hasReached('play') && root.dataset.state !== 'playing') startPlaying();
}

function startPlaying() {
  delete root.dataset.closeCode;
  if ($('closed').contains(document.activeElement)) canvas.focus(); // its button is about to go
  $('closed').hidden = true;
  setState('playing');
}

function whenClosed({ code, reason }) {
  // A server that hangs up straight away is not one to hurry back to.
  if (link.opened && performance.now() - link.began > 5000) link.attempt = 0;
  // A failed retry says less than the code with which the server went.
  if (link.opened || !root.dataset.closeCode) explainClose(code, reason);
  Object.assign(socker, { peers: new Map(), self: null });
  delete root.dataset.self;
  root.dataset.peers = 0;
  ticks = [];
  markers.clear();
  view.stale = true;
  setState('closed');
  $('closed').hidden = false;
  const due = performance.now() + retryDelay(link.attempt++);
  link.countdown = setInterval(() => {
    const left = (due - performance.now()) / 1000;
    if (left > 0) $('closed-next').textContent = `Next try in ${left.toFixed(1)} s`;
    else connect();
  }, 100);
}

function explainClose(code, reason) {
  const words = link.opened ? CLOSE_WORDS[code] ?? 'The server hung up' : 'The server cannot be reached';
  root.dataset.closeCode = code;
  $('closed-why').textContent = `${words} (code ${code}${reason && `, “${reason}”`}).`;
}

/** 0.5 s doubling to 8 s; the jitter keeps many pages from coming back all at once. */
const retryDelay = (attempt) => Math.min(500 * 2 ** attempt, 8000) * (0.75 + Math.random() * 0.25);

// --- Own marker ---

const own = { sent: '', lastInput: -Infinity };
const heldKeys = new Set();
const wholePlace = ({ x, y }) => [Math.round(x), Math.round(y)];

/** Moves the own marker at once; the server hears of it with the next frame. */
function moveOwn(x, y) {
  const marker = markers.get(socker.self);
  if (!marker) return;
  Object.assign(marker, { x: clamp(x, 0, world.width), y: clamp(y, 0, world.height) });
  own.lastInput = performance.now();
  view.stale = true;
}

/** While the hand rests, the server has the last word on our place (and it chose the first). */
function placeOwn(peer) {
  const marker = markers.get(socker.self);
  if (!peer || !marker || performance.now() - own.lastInput < 1000) return;
  own.sent = wholePlace(peer).join();
  if (wholePlace(marker).join() !== own.sent) Object.assign(marker, { x: peer.x, y: peer.y, trail: [] });
}

function sendMove() {
  const marker = markers.get(socker.self);
  if (!marker || root.dataset.state !== 'playing' || link.socket.readyState !== WebSocket.OPEN) return;
  const place = wholePlace(marker);
  if (own.sent === place.join()) return;
  own.sent = place.join();
  link.socket.send(encodeMove(...place));
}

function steerWithKeys(elapsed) {
  const marker = markers.get(socker.self);
  const pull = (axis) => Math.sign([...heldKeys].reduce((sum, code) => sum + KEYS[code][axis], 0));
  const [dx, dy] = [pull(0), pull(1)];
  if (!marker || !(dx || dy)) return;
  const step = (KEY_SPEED * elapsed) / 1000 / Math.hypot(dx, dy);
  moveOwn(marker.x + dx * step, marker.y + dy * step);
}

function followPointer(event) {
  const box = canvas.getBoundingClientRect();
  const toWorld = (css, margin) => (css * (canvas.width / box.width) - margin) / view.scale;
  moveOwn(toWorld(event.clientX - box.left, view.left), toWorld(event.clientY - box.top, view.top));
}

function pressKey(event) {
  if (!(event.code in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault(); // the arrows would scroll the page
  heldKeys.add(event.code);
  if (!event.repeat) steerWithKeys(16); // a tap shorter than a frame counts too
}

// --- Drawing: in world units; view.px is what one CSS pixel is in them ---

const canvas = $('scene');
const pen = canvas.getContext('2d');
const backdrop = document.createElement('canvas'); // what never moves, painted once
const view = { scale: 1, left: 0, top: 0, px: 1, stale: true, lastFrame: 0 };

/** Fits the world into the canvas, with empty bands where the shapes differ, and draws it. */
function layOut() {
  const { width, height, clientWidth } = canvas;
  const style = getComputedStyle(root);
  view.scale = Math.min(width / world.width, height / world.height) || 1;
  view.left = (width - world.width * view.scale) / 2;
  view.top = (height - world.height * view.scale) / 2;
  view.px = ((parseFloat(style.fontSize) / 16) * (width / clientWidth || 1)) / view.scale;
  for (const name of ['sky', 'horizon', 'outside', 'star', 'label', 'halo']) {
    view[name] = style.getPropertyValue(`--${name}`);
  }
  Object.assign(backdrop, { width, height });
  paintBackdrop(backdrop.getContext('2d'));
  draw();
}

const useWorldUnits = (ink) => ink.setTransform(view.scale, 0, 0, view.scale, view.left, view.top);

function fillCircle(ink, x, y, radius, fill) {
  ink.fillStyle = fill;
  ink.beginPath();
  ink.arc(x, y, radius, 0, Math.PI * 2);
  ink.fill();
}

function shade(gradient, from, to) {
  gradient.addColorStop(0, from);
  gradient.addColorStop(1, to);
  return gradient;
}

function paintBackdrop(ink) {
  ink.fillStyle = view.outside;
  ink.fillRect(0, 0, backdrop.width, backdrop.height);
  useWorldUnits(ink);
  ink.beginPath();
  ink.rect(0, 0, world.width, world.height);
  ink.clip();
  ink.fillStyle = shade(ink.createLinearGradient(0, 0, 0, world.height), view.sky, view.horizon);
  ink.fill();
  let seed = 20; // always the same stars: they must not jump when the window is resized
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let i = 0; i < 150; i++) {
    ink.globalAlpha = 0.15 + random() * 0.5;
    fillCircle(ink, random() * world.width, random() * world.height, (0.4 + random() * 0.7) * view.px, view.star);
  }
  ink.globalAlpha = 1;
  for (const disc of world.discs) paintDisc(ink, disc);
}

/** @param {Disc} disc */
function paintDisc(ink, { x, y, radius, hue }) {
  const [lit, dim] = darkScheme.matches ? ['65% 62%', '60% 22%'] : ['80% 90%', '55% 74%'];
  const glow = ink.createRadialGradient(x, y, radius * 0.8, x, y, radius * 2.2);
  fillCircle(ink, x, y, radius * 2.2, shade(glow, `hsl(${hue} ${lit} / 0.3)`, `hsl(${hue} ${lit} / 0)`));
  const body = ink.createRadialGradient(x - radius * 0.4, y - radius * 0.45, radius * 0.1, x, y, radius);
  fillCircle(ink, x, y, radius, shade(body, `hsl(${hue} ${lit})`, `hsl(${hue} ${dim})`));
}

/** Glides the others towards where the last snapshot has them. Returns whether anything moves. */
function advanceMarkers(elapsed, now) {
  let moving = false;
  for (const [id, marker] of markers) {
    const goal = (id !== socker.self && socker.peers.get(id)) || marker;
    const arrived = Math.hypot(goal.x - marker.x, goal.y - marker.y) < 0.3;
    const share = arrived ? 1 : 1 - Math.exp(-elapsed / 45);
    marker.x += (goal.x - marker.x) * share;
    marker.y += (goal.y - marker.y) * share;
    if (extendTrail(marker, now) || !arrived) moving = true;
  }
  return moving;
}

/** @param {Marker} marker */
function extendTrail({ x, y, trail }, now) {
  const last = trail.at(-1);
  if (last?.x !== x || last?.y !== y) trail.push({ x, y, at: now });
  // The newest point stays, however old: the next trail starts from there.
  while (trail.length > 1 && (reducedMotion.matches || now - trail[0].at > TRAIL_MS)) trail.shift();
  return trail.length > 1;
}

function draw() {
  view.stale = false;
  pen.setTransform(1, 0, 0, 1, 0, 0);
  if (backdrop.width && backdrop.height) pen.drawImage(backdrop, 0, 0);
  useWorldUnits(pen);
  for (const [id, marker] of markers) if (id !== socker.self) drawMarker(marker, `#${id}`, false);
  const mine = markers.get(socker.self);
  if (mine) drawMarker(mine, 'you', true); // last, so that it lies on top
}

/** @param {Marker} marker */
function drawMarker({ x, y, hue, trail }, label, isOwn) {
  const colour = (alpha) => `hsl(${hue} ${darkScheme.matches ? '85% 66%' : '75% 42%'} / ${alpha})`;
  const radius = Math.max(6 * view.px, 11);
  const ring = isOwn ? radius * 1.8 : 0;
  drawTrail(trail, radius * 1.2, colour(0), colour(0.5));
  if (isOwn) fillCircle(pen, x, y, ring + view.px, view.label);
  fillCircle(pen, x, y, Math.max(ring - view.px, radius + 1.5 * view.px), view.halo);
  fillCircle(pen, x, y, radius, colour(1));
  drawLabel(label, x, y, Math.max(radius, ring) + 4 * view.px);
}

function drawTrail(trail, width, faint, strong) {
  if (trail.length < 2) return;
  const [tail, head] = [trail[0], trail.at(-1)];
  pen.strokeStyle = shade(pen.createLinearGradient(tail.x, tail.y, head.x, head.y), faint, strong);
  Object.assign(pen, { lineWidth: width, lineCap: 'round', lineJoin: 'round' });
  pen.beginPath();
  for (const point of trail) pen.lineTo(point.x, point.y);
  pen.stroke();
}

/** The label sits above its marker, or below it where there is no room above. */
function drawLabel(text, x, y, distance) {
  const above = y - distance > 16 * view.px;
  pen.font = `600 ${12.5 * view.px}px system-ui, sans-serif`;
  const half = pen.measureText(text).width / 2 + 3 * view.px;
  const place = [clamp(x, half, world.width - half), above ? y - distance : y + distance];
  Object.assign(pen, { textAlign: 'center', textBaseline: above ? 'bottom' : 'top', lineJoin: 'round' });
  Object.assign(pen, { strokeStyle: view.halo, fillStyle: view.label, lineWidth: 3.5 * view.px });
  pen.strokeText(text, ...place);
  pen.fillText(text, ...place);
}

function frame(now) {
  const elapsed = clamp(now - view.lastFrame, 0, 100); // after a while in a hidden tab: no leap
  view.lastFrame = now;
  steerWithKeys(elapsed);
  sendMove();
  if (advanceMarkers(elapsed, now) || view.stale) draw();
  requestAnimationFrame(frame);
}

/** One canvas pixel for one pixel of the screen, whatever the zoom. */
function resize() {
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  layOut();
}

// --- Echo ---

const echo = { socket: null, sentAt: [] };

function openEcho() {
  Object.assign(echo, { socket: new WebSocket(socketUrl('/echo')), sentAt: [] });
  showEcho('', 'Opening a connection to /echo…');
  echo.socket.onmessage = ({ data }) =>
    showEcho(data, `There and back in ${(performance.now() - echo.sentAt.shift()).toFixed(1)} ms`);
  echo.socket.onclose = ({ code }) => showEcho('', `The echo connection closed (code ${code}).`);
}

function sendEcho(event) {
  event.preventDefault();
  if (!echo.socket || echo.socket.readyState > WebSocket.OPEN) openEcho();
  const [socket, text] = [echo.socket, $('echo-input').value];
  const send = () => echo.sentAt.push(performance.now()) && socket.send(text);
  if (socket.readyState === WebSocket.OPEN) send();
  else socket.addEventListener('open', send, { once: true });
}

function showEcho(text, note) {
  const small = document.createElement('small');
  small.textContent = note;
  $('echo-reply').replaceChildren(text, small);
}

// --- Start ---

canvas.addEventListener('pointermove', followPointer);
canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId); // a drag may leave the canvas
  followPointer(event);
});
canvas.addEventListener('keydown', pressKey);
canvas.addEventListener('keyup', ({ code }) => heldKeys.delete(code));
canvas.addEventListener('blur', () => heldKeys.clear());
darkScheme.addEventListener('change', layOut);
$('reconnect').addEventListener('click', connect);
$('echo-form').addEventListener('submit', sendEcho);
$('second-tab').href = location.href;
setInterval(showStatus, 500);
new ResizeObserver(resize).observe(canvas);
addEventListener('resize', resize); // a new screen or zoom can leave the canvas its CSS size
requestAnimationFrame(frame);
connect();
