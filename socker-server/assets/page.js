// The browser's half of the demo. Data flows one way: link -> world -> scene for what the server
// says, steer -> world -> link for what the hand does. This is where they meet.

import { startBoard } from './board.js';
import { hideClosed, showClosed, showNext } from './closed.js';
import { startEcho } from './echo.js';
import { Link } from './link.js';
import { Scene } from './scene.js';
import { clearStages, showStage } from './stages.js';
import { steer } from './steer.js';
import { address } from './wire.js';
import { World, clamp } from './world.js';

const byId = (id) => document.getElementById(id);
const root = document.documentElement;
const canvas = byId('scene');
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

const world = new World();
const scene = new Scene(canvas, world);
const link = new Link(address('/play'), {
  connecting() {
    clearStages();
    showNext('Connecting…');
    showState();
  },
  message(message) {
    if (message.type === 'scene') enterScene(message);
    if (message.type === 'play') enterPlay(message);
    if (message.type === 'snapshot') applySnapshot(message);
  },
  stage: showStage,
  playing() {
    hideClosed(canvas);
    showState();
  },
  closed(end) {
    world.leave();
    ticks = [];
    delete root.dataset.self;
    root.dataset.peers = 0;
    showClosed(end);
    showState();
  },
  waiting: (seconds) => showNext(`Next try in ${seconds.toFixed(1)} s`),
});

// --- What the server says ---

/** Snapshots of the last few seconds. @type {{tick: number, at: number}[]} */
let ticks = [];

function enterScene(message) {
  world.furnish(message);
  scene.layOut();
}

function enterPlay(message) {
  world.join(message);
  root.dataset.self = message.id;
  byId('status-you').style.setProperty('--hue', message.hue);
}

function applySnapshot(message) {
  world.update(message);
  root.dataset.peers = message.peers.size;
  ticks.push({ tick: message.tick, at: performance.now() });
}

// --- Status ---

function tickRate() {
  ticks = ticks.filter(({ at }) => performance.now() - at < 4000);
  const [first, last] = [ticks[0], ticks.at(-1)];
  if (!first || last.at - first.at < 400) return null;
  return (((last.tick - first.tick) >>> 0) * 1000) / (last.at - first.at); // >>> 0: ticks may wrap
}

function showStatus() {
  const [count, rate, playing] = [world.peers.size, tickRate(), link.state === 'playing'];
  byId('status-you').textContent = playing ? `you are #${world.self}` : '';
  byId('status-peers').textContent = playing ? `${count}\u00a0${count === 1 ? 'peer' : 'peers'} connected` : 'not connected';
  byId('status-ticks').textContent = rate === null ? '' : `${Math.round(rate)} ticks/s`;
  byId('hint').classList.toggle('shown', playing && count === 1);
}

function showState() {
  root.dataset.state = byId('state').textContent = link.state;
  showStatus();
}

// --- Frames ---

const followKeys = steer(
  canvas,
  (clientX, clientY) => world.moveOwn(...scene.placeAt(clientX, clientY)),
  (dx, dy) => world.moveOwnBy(dx, dy),
);

let lastFrame = 0;

function frame(now) {
  const elapsed = clamp(now - lastFrame, 0, 100); // after a while in a hidden tab: no leap
  lastFrame = now;
  followKeys(elapsed);
  const move = link.takesMoves && world.takeMove();
  if (move) link.move(...move);
  if (world.advance(elapsed, now, !reducedMotion.matches)) scene.draw();
  requestAnimationFrame(frame);
}

// --- Start ---

// For debugging and browser tests, as are the root's data attributes: no script of ours reads them back.
window.socker = {
  get peers() {
    return world.peers;
  },
  get self() {
    return world.self;
  },
};
byId('reconnect').addEventListener('click', () => link.connect());
byId('second-tab').href = location.href;
startBoard();
startEcho();
setInterval(showStatus, 500);
requestAnimationFrame(frame);
link.connect();
