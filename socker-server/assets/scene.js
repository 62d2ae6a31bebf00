// The canvas: lays the world out on it and draws it. It reads the world and never writes it.
// Drawing is in world units; view.px is what one CSS pixel is in them.

import { clamp } from './world.js';

const darkScheme = matchMedia('(prefers-color-scheme: dark)');

export class Scene {
  #canvas;
  #world;
  #pen;
  /** What never moves, painted once. */
  #backdrop = document.createElement('canvas');
  /** Where the world is on the canvas, and its colours; made anew by every layout. */
  #view;

  /** @param {HTMLCanvasElement} canvas @param {import('./world.js').World} world */
  constructor(canvas, world) {
    this.#canvas = canvas;
    this.#world = world;
    this.#pen = canvas.getContext('2d');
    this.#resize();
    new ResizeObserver(() => this.#resize()).observe(canvas);
    addEventListener('resize', () => this.#resize()); // a new screen or zoom can leave the canvas its CSS size
    darkScheme.addEventListener('change', () => this.layOut());
  }

  /** Fits the world into the canvas, with empty bands where the shapes differ, and draws it. */
  layOut() {
    const { width, height, clientWidth } = this.#canvas;
    const world = this.#world;
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(`--${name}`);
    const scale = Math.min(width / world.width, height / world.height) || 1;
    this.#view = {
      scale,
      left: (width - world.width * scale) / 2,
      top: (height - world.height * scale) / 2,
      px: ((parseFloat(style.fontSize) / 16) * (width / clientWidth || 1)) / scale,
      dark: darkScheme.matches,
      sky: colour('sky'),
      horizon: colour('horizon'),
      outside: colour('outside'),
      star: colour('star'),
      label: colour('label'),
      halo: colour('halo'),
    };
    Object.assign(this.#backdrop, { width, height });
    paintBackdrop(this.#backdrop.getContext('2d'), world, this.#view);
    this.draw();
  }

  draw() {
    const [pen, world, view, backdrop] = [this.#pen, this.#world, this.#view, this.#backdrop];
    pen.setTransform(1, 0, 0, 1, 0, 0);
    if (backdrop.width && backdrop.height) pen.drawImage(backdrop, 0, 0);
    useWorldUnits(pen, view);
    for (const [id, marker] of world.markers) {
      if (id !== world.self) drawMarker(pen, marker, `#${id}`, false, world, view);
    }
    const mine = world.markers.get(world.self);
    if (mine) drawMarker(pen, mine, 'you', true, world, view); // last, so that it lies on top
  }

  /** A point of the window in world units. */
  placeAt(clientX, clientY) {
    const { scale, left, top } = this.#view;
    const box = this.#canvas.getBoundingClientRect();
    const toWorld = (css, margin) => (css * (this.#canvas.width / box.width) - margin) / scale;
    return [toWorld(clientX - box.left, left), toWorld(clientY - box.top, top)];
  }

  /** One canvas pixel for one pixel of the screen, whatever the zoom. */
  #resize() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.layOut();
  }
}

const useWorldUnits = (ink, { scale, left, top }) => ink.setTransform(scale, 0, 0, scale, left, top);

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

function paintBackdrop(ink, world, view) {
  ink.fillStyle = view.outside;
  ink.fillRect(0, 0, ink.canvas.width, ink.canvas.height);
  useWorldUnits(ink, view);
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
  for (const disc of world.discs) paintDisc(ink, disc, view.dark);
}

/** @param {import('./wire.js').Disc} disc */
function paintDisc(ink, { x, y, radius, hue }, dark) {
  const [lit, dim] = dark ? ['65% 62%', '60% 22%'] : ['80% 90%', '55% 74%'];
  const glow = ink.createRadialGradient(x, y, radius * 0.8, x, y, radius * 2.2);
  fillCircle(ink, x, y, radius * 2.2, shade(glow, `hsl(${hue} ${lit} / 0.3)`, `hsl(${hue} ${lit} / 0)`));
  const body = ink.createRadialGradient(x - radius * 0.4, y - radius * 0.45, radius * 0.1, x, y, radius);
  fillCircle(ink, x, y, radius, shade(body, `hsl(${hue} ${lit})`, `hsl(${hue} ${dim})`));
}

/** @param {import('./world.js').Marker} marker */
function drawMarker(pen, { x, y, hue, trail }, label, isOwn, world, view) {
  const colour = (alpha) => `hsl(${hue} ${view.dark ? '85% 66%' : '75% 42%'} / ${alpha})`;
  const radius = Math.max(6 * view.px, 11);
  const ring = isOwn ? radius * 1.8 : 0;
  drawTrail(pen, trail, radius * 1.2, colour(0), colour(0.5));
  if (isOwn) fillCircle(pen, x, y, ring + view.px, view.label);
  fillCircle(pen, x, y, Math.max(ring - view.px, radius + 1.5 * view.px), view.halo);
  fillCircle(pen, x, y, radius, colour(1));
  drawLabel(pen, label, x, y, Math.max(radius, ring) + 4 * view.px, world, view);
}

function drawTrail(pen, trail, width, faint, strong) {
  if (trail.length < 2) return;
  const [tail, head] = [trail[0], trail.at(-1)];
  pen.strokeStyle = shade(pen.createLinearGradient(tail.x, tail.y, head.x, head.y), faint, strong);
  Object.assign(pen, { lineWidth: width, lineCap: 'round', lineJoin: 'round' });
  pen.beginPath();
  for (const point of trail) pen.lineTo(point.x, point.y);
  pen.stroke();
}

/** The label sits above its marker, or below it where there is no room above. */
function drawLabel(pen, text, x, y, distance, world, view) {
  const above = y - distance > 16 * view.px;
  pen.font = `600 ${12.5 * view.px}px system-ui, sans-serif`;
  const half = pen.measureText(text).width / 2 + 3 * view.px;
  const place = [clamp(x, half, world.width - half), above ? y - distance : y + distance];
  Object.assign(pen, { textAlign: 'center', textBaseline: above ? 'bottom' : 'top', lineJoin: 'round' });
  Object.assign(pen, { strokeStyle: view.halo, fillStyle: view.label, lineWidth: 3.5 * view.px });
  pen.strokeText(text, ...place);
  pen.fillText(text, ...place);
}
