/**
 * The line to impsy: one WebSocket of OSC packets that mends itself.
 *
 * A closed line is opened again, a little later each time. A line can also die without a word (a phone leaves the
 * WLAN): after some quiet seconds the server is asked for its state, and one that does not answer counts as lost.
 */

import { message, parse } from "./osc.js";

const WAITS = [0.4, 0.8, 1.5, 3, 5]; // seconds before each new try; the last one repeats
const QUIET = 6; // seconds without a word before asking
const DEAD = 4; // further seconds without an answer before giving the line up

export class Link {
  /** `heard(message)` gets every message; `changed(status, seconds)` gets "open", "connecting" or "lost" + the wait. */
  constructor(url, heard, changed) {
    Object.assign(this, { url, heard, changed, tries: 0, socket: null, timer: 0, watch: 0 });
    addEventListener("online", () => this.retry());
    addEventListener("pageshow", () => this.retry());
    document.addEventListener("visibilitychange", () => document.hidden || this.retry());
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Send one OSC message; without a line it is dropped: what was played then is past. */
  send(address, tags, values) {
    if (this.open) this.socket.send(message(address, tags, values));
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.changed("connecting", 0);
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#opened();
    socket.onclose = () => this.#lose();
    socket.onmessage = ({ data }) => this.#receive(data);
    this.socket = socket;
  }

  /** Try at once where a wait is running. */
  retry() {
    if (this.timer) this.connect();
  }

  #opened() {
    this.#listen(QUIET);
    this.changed("open", 0);
  }

  #receive(data) {
    this.#listen(QUIET);
    const messages = data instanceof ArrayBuffer ? parse(data) : null;
    if (!messages) return; // not OSC: ignored whole
    this.tries = 0;
    messages.forEach(this.heard);
  }

  #listen(seconds, asked = false) {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      if (asked) return this.#lose();
      this.send("/impsy/state");
      this.#listen(DEAD, true);
    }, seconds * 1000);
  }

  #lose() {
    clearTimeout(this.watch);
    const { socket } = this;
    socket.onopen = socket.onclose = socket.onmessage = null; // a dead line may take a minute to say so: do not wait
    socket.close();
    const wait = WAITS[Math.min(this.tries++, WAITS.length - 1)];
    this.timer = setTimeout(() => this.connect(), wait * 1000);
    this.changed("lost", wait);
  }
}
