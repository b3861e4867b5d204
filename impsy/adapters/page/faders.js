/**
 * Faders: one for each control, every finger its own; what does not fit on the screen lies on further pages.
 *
 * The bar is the performers' value (they share one vector, like motor faders), the diamond is impsy's. Each page button
 * carries a small picture of its faders, so that what impsy does elsewhere is seen.
 */

import { follow } from "./fingers.js";
import { fit, mark, theme } from "./theme.js";

const NARROWEST = 36; // pixels a fader needs
const SHORTEST = 120;
const MOST = 16; // faders per page
const STEPS = { ArrowUp: 0.01, ArrowRight: 0.01, ArrowDown: -0.01, ArrowLeft: -0.01, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 };

export class Faders {
  held = new Set(); // controls under a finger or a key
  #fingers = new Map(); // pointer id: control
  #page = 0;
  #perPage = 0;

  constructor(element, players, touch) {
    Object.assign(this, { element, players, touch, count: players.you.values.length });
    element.className = "faders";
    element.innerHTML = `<div class="bank"></div><nav aria-label="Pages of faders"></nav>`;
    [this.bank, this.tabs] = element.children;
    this.faders = Array.from({ length: this.count }, (_, control) => this.#fader(control));
    this.bank.append(...this.faders);
    this.#layOut();
    this.watcher = new ResizeObserver(() => this.#layOut());
    this.watcher.observe(this.bank);
  }

  /** Another surface takes over. */
  close() {
    this.watcher.disconnect();
  }

  #fader(control) {
    const fader = document.createElement("div");
    fader.className = "fader";
    fader.innerHTML = `<span class="groove"><i class="bar"></i><i class="cap"></i><i class="gem" hidden></i></span><b>${control + 1}</b>`;
    const spoken = { role: "slider", tabindex: 0, "aria-orientation": "vertical", "aria-label": `Control ${control + 1}` };
    for (const [name, value] of Object.entries({ ...spoken, "aria-valuemin": 0, "aria-valuemax": 100 })) fader.setAttribute(name, value);
    const groove = fader.firstChild;
    const value = ({ clientY }) => {
      const { top, height } = groove.getBoundingClientRect();
      return 1 - Math.min(1, Math.max(0, (clientY - top) / height));
    };
    follow(fader, {
      down: (id, event) => this.#down(id, control, value(event)),
      moved: (id, event) => this.touch.move([[control, value(event)]]),
      up: (id) => this.#up(id, control),
    });
    fader.addEventListener("keydown", (event) => this.#keydown(event, control));
    fader.addEventListener("keyup", ({ key }) => key in STEPS && this.#up(`key ${control}`, control));
    fader.addEventListener("blur", () => this.#up(`key ${control}`, control));
    return fader;
  }

  #down(id, control, value) {
    this.#fingers.set(id, control);
    this.held = new Set(this.#fingers.values());
    this.touch.press([[control, value]]);
  }

  #up(id, control) {
    if (!this.#fingers.delete(id)) return;
    this.held = new Set(this.#fingers.values());
    if (!this.held.has(control)) this.touch.release([control]);
  }

  #keydown(event, control) {
    const step = STEPS[event.key] * (event.shiftKey ? 5 : 1);
    if (!step) return;
    event.preventDefault();
    const value = this.players.you.values[control] + step;
    if (this.#fingers.has(`key ${control}`)) this.touch.move([[control, value]]);
    else this.#down(`key ${control}`, control, value);
  }

  #layOut() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const across = Math.max(1, Math.min(MOST, Math.floor(width / NARROWEST)));
    const rows = Math.max(1, Math.min(Math.floor(height / SHORTEST), Math.ceil(Math.min(this.count, MOST) / across)));
    const perPage = Math.min(this.count, MOST, across * rows);
    const columns = Math.ceil(perPage / rows);
    this.bank.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.bank.style.gridTemplateRows = `repeat(${Math.ceil(perPage / columns)}, minmax(0, 1fr))`;
    if (perPage !== this.#perPage) this.#divide(perPage);
  }

  #divide(perPage) {
    const first = this.#page * this.#perPage;
    this.#perPage = perPage;
    const pages = Math.ceil(this.count / perPage);
    this.tabs.replaceChildren(...(pages > 1 ? Array.from({ length: pages }, (_, page) => this.#tab(page)) : []));
    this.#turnTo(Math.floor(first / perPage));
  }

  #tab(page) {
    const tab = document.createElement("button");
    const last = Math.min(this.count, (page + 1) * this.#perPage);
    tab.type = "button";
    tab.innerHTML = `<canvas aria-hidden="true"></canvas><span>${page * this.#perPage + 1}–${last}</span>`;
    tab.addEventListener("click", () => this.#turnTo(page));
    return tab;
  }

  #turnTo(page) {
    this.#page = page;
    const shown = (i, size) => Math.floor(i / size) === page;
    this.faders.forEach((fader, i) => (fader.hidden = !shown(i, this.#perPage)));
    [...this.tabs.children].forEach((tab, i) => tab.setAttribute("aria-current", i === page));
    this.touch.redraw();
  }

  /** Draw; whether something still moves. */
  paint(now) {
    const { you, guest, impsy } = this.players;
    const first = this.#page * this.#perPage;
    for (let i = first; i < Math.min(this.count, first + this.#perPage); i++) this.#paintFader(i, you, guest, impsy, now);
    [...this.tabs.children].forEach((tab, page) => this.#paintTab(tab.firstChild, page, you, impsy));
    return [you, guest, impsy].some((player) => now - player.at < 3000);
  }

  #paintFader(i, you, guest, impsy, now) {
    const fader = this.faders[i];
    const style = fader.style;
    style.setProperty("--value", you.values[i].toFixed(4));
    style.setProperty("--glow", (this.held.has(i) ? 1 : 0.45 * Math.max(you.glow(now), guest.glow(now))).toFixed(2));
    const gem = fader.firstChild.lastChild;
    gem.hidden = !impsy.played;
    style.setProperty("--answer", impsy.values[i].toFixed(4));
    style.setProperty("--shine", (0.45 + 0.55 * impsy.glow(now)).toFixed(2));
    fader.setAttribute("aria-valuenow", Math.round(you.values[i] * 100));
  }

  #paintTab(canvas, page, you, impsy) {
    const { pen, width, height } = fit(canvas);
    const step = width / this.#perPage;
    for (let i = 0; i < this.#perPage && page * this.#perPage + i < this.count; i++) {
      const control = page * this.#perPage + i;
      const tall = Math.max(1, you.values[control] * height);
      pen.fillStyle = theme().you;
      pen.fillRect(i * step + 0.5, height - tall, Math.max(1, step - 1.5), tall);
      if (impsy.played) mark(pen, "impsy", (i + 0.5) * step, 3 + (1 - impsy.values[control]) * (height - 6), 2);
    }
  }
}
