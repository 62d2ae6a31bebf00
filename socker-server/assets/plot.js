// A small plot of round trips: a point for each, a line through the medians of each second, and a mark
// for what was lost.

import { SPAN, quantile } from './pings.js';

const darkScheme = matchMedia('(prefers-color-scheme: dark)');
/** The line has a point for so many ms. */
const BUCKET = 1000;
/** Room for the numbers of the scale, in pixels of a page with letters of 16 pixels. */
const [LEFT, RIGHT, TOP, BOTTOM] = [48, 8, 16, 22];

export class Plot {
  #canvas;
  #pings;
  #ink;
  #colours = {};
  /** In those pixels, and how many of the screen's each has. */
  #size = { width: 0, height: 0, px: 1 };
  #isSeen = true;

  /** @param {HTMLCanvasElement} canvas @param {import('./pings.js').Pings} pings */
  constructor(canvas, pings) {
    this.#canvas = canvas;
    this.#pings = pings;
    this.#ink = canvas.getContext('2d');
    this.#layOut();
    new ResizeObserver(() => this.#layOut()).observe(canvas);
    addEventListener('resize', () => this.#layOut());
    darkScheme.addEventListener('change', () => this.#layOut());
    new IntersectionObserver(([{ isIntersecting }]) => (this.#isSeen = isIntersecting)).observe(canvas);
  }

  /** @param {number} most  at the top, in ms */
  draw(most) {
    const [ink, { width, height, px }] = [this.#ink, this.#size];
    if (!this.#isSeen || document.hidden || width === 0) return;
    const now = performance.now();
    const right = width - RIGHT;
    const place = {
      x: (at) => right - ((now - at) / SPAN) * (right - LEFT),
      y: (ms) => height - BOTTOM - (Math.min(ms, most) / most) * (height - TOP - BOTTOM),
    };
    ink.setTransform(px, 0, 0, px, 0, 0);
    ink.clearRect(0, 0, width, height);
    this.#drawScale(most, place, now);
    ink.save();
    ink.beginPath();
    ink.rect(LEFT, 0, width - LEFT, height);
    ink.clip();
    this.#drawPoints(place);
    this.#drawMedian(place);
    ink.restore();
  }

  #layOut() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    Object.assign(this.#canvas, { width: Math.round(width * devicePixelRatio), height: Math.round(height * devicePixelRatio) });
    const style = getComputedStyle(this.#canvas);
    const letters = parseFloat(style.fontSize) / 16;
    this.#size = { width: width / letters, height: height / letters, px: devicePixelRatio * letters };
    const names = ['line', 'soft', 'ink', 'accent', 'bad', 'series'];
    this.#colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    this.#colours.font = `11.5px ${style.fontFamily}`;
  }

  #drawScale(most, { x, y }, now) {
    const [ink, { line, soft, font }, { width }] = [this.#ink, this.#colours, this.#size];
    Object.assign(ink, { font, fillStyle: soft, strokeStyle: line, lineWidth: 1, textAlign: 'right', textBaseline: 'middle' });
    for (const share of [0, 0.5, 1]) {
      const at = y(share * most);
      ink.beginPath();
      ink.moveTo(LEFT, at);
      ink.lineTo(width - RIGHT, at);
      ink.stroke();
      ink.fillText(`${share * most}${share === 1 ? ' ms' : ''}`, LEFT - 6, at);
    }
    Object.assign(ink, { textAlign: 'left', textBaseline: 'alphabetic' });
    const below = this.#size.height - 5;
    ink.fillText('30 s ago', x(now - SPAN), below);
    ink.textAlign = 'right';
    ink.fillText('now', x(now), below);
  }

  #drawPoints({ x, y }) {
    const [ink, { series, bad }] = [this.#ink, this.#colours];
    ink.fillStyle = series;
    ink.globalAlpha = 0.6;
    for (const { at, ms } of this.#pings.all) if (ms !== null) ink.fillRect(x(at) - 1.25, y(ms) - 1.25, 2.5, 2.5);
    ink.globalAlpha = 1;
    ink.strokeStyle = bad;
    ink.lineWidth = 1.5;
    ink.beginPath();
    for (const ping of this.#pings.all) {
      if (!this.#pings.isLost(ping)) continue;
      ink.moveTo(x(ping.at) - 2.5, TOP - 12);
      ink.lineTo(x(ping.at) + 2.5, TOP - 7);
      ink.moveTo(x(ping.at) + 2.5, TOP - 12);
      ink.lineTo(x(ping.at) - 2.5, TOP - 7);
    }
    ink.stroke();
  }

  #drawMedian({ x, y }) {
    const ink = this.#ink;
    const buckets = Map.groupBy(
      this.#pings.all.filter(({ ms }) => ms !== null),
      ({ at }) => Math.floor(at / BUCKET),
    );
    Object.assign(ink, { strokeStyle: this.#colours.series, lineWidth: 2, lineJoin: 'round', lineCap: 'round' });
    ink.beginPath();
    let before = NaN;
    for (const [bucket, pings] of buckets) {
      const middle = (pings[0].at + pings.at(-1).at) / 2;
      const point = [x(middle), y(quantile(pings.map(({ ms }) => ms), 0.5))];
      if (bucket === before + 1) ink.lineTo(...point);
      else ink.moveTo(...point); // nothing was measured in between
      before = bucket;
    }
    ink.stroke();
  }
}
