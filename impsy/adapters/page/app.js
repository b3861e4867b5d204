/**
 * The play page: a hand on a surface, a server that answers, and what both sound and look like.
 *
 *     fingers ─► surface ─► hand ─► link ─► impsy          gestures go out,
 *     impsy ─► link ─► state, guest and impsy players      the server's word and everybody's playing come back,
 *     players ─► ensemble (sound), surface, strip          and all of it is heard and drawn.
 */

import { Controls } from "./controls.js";
import { Ensemble } from "./ensemble.js";
import { Faders } from "./faders.js";
import { Frames } from "./frames.js";
import { Hand } from "./hand.js";
import { Link } from "./link.js";
import { Pad } from "./pad.js";
import { Player } from "./player.js";
import { State } from "./state.js";
import { Strip } from "./strip.js";
import { onTheme } from "./theme.js";
import * as words from "./words.js";

const ALONE = 40000; // milliseconds without a touch after which the next visitor is told what to do
const $ = (selector) => document.querySelector(selector);

const state = new State();
const ensemble = new Ensemble();
const frames = new Frames();
const strip = new Strip($("#strip canvas"));
let players = {};
let hand = null;
let surface = null;
let lonely = 0;

const scheme = location.protocol === "https:" ? "wss" : "ws";
const link = new Link(`${scheme}://${location.host}/osc`, hear, showLink);
const controls = new Controls($("#controls"), (key, tags, values) => link.send(`/impsy/${key}`, tags, values), () => ensemble.silence());

/** Lay out the instrument for `count` controls. */
function build(count) {
  players = Object.fromEntries(["you", "guest", "impsy"].map((name) => [name, new Player(name, count)]));
  hand = new Hand(count, (values) => link.send("/interface", "f".repeat(count), values));
  ensemble.count = count;
  strip.begin(count);
  $("#strip .guest").hidden = true;
  link.send("/interface"); // where do the controls stand? A page that comes late must not move them
  surface?.close?.();
  surface = new (count === 2 ? Pad : Faders)($("#surface"), players, { press, move, release, redraw: () => frames.wake() });
}

function press(changes) {
  greet(false);
  hand.press(changes);
  sound(changes);
}

function move(changes) {
  hand.move(changes);
  sound(changes);
}

function release(released) {
  hand.flush();
  players.you.held = surface.held.size > 0;
  ensemble.release("you", released);
  frames.wake();
}

function sound(changes) {
  const touched = changes.map(([control]) => control);
  const now = performance.now();
  players.you.held = true;
  players.you.play(hand.values, now);
  ensemble.hold("you", hand.values, touched);
  strip.add("you", now, hand.values.slice(), touched);
  frames.wake();
}

/** One message from the server. */
function hear(message) {
  if (state.hear(message)) return showState();
  if (!hand || message.values.length !== hand.values.length || !message.values.every(Number.isFinite)) return undefined;
  if (message.address === "/monitor/out") return played("impsy", message.values);
  if (message.address === "/interface") return adopt(message.values);
  if (message.address === "/monitor/in" && !hand.overhear(message.values, surface.held)) return guestPlayed(message.values);
  return undefined;
}

/** The answer to the question where the controls stand. */
function adopt(values) {
  hand.adopt(values, surface.held);
  players.you.values = hand.values.slice();
  frames.wake();
}

/** Somebody who is not at this page played. */
function played(name, values) {
  const now = performance.now();
  const changed = players[name].play(values, now);
  const heard = changed.filter((control) => name === "impsy" || !surface.held.has(control));
  ensemble.strike(name, players[name].values, state.controls === 2 ? [0] : heard);
  strip.add(name, now, players[name].values, changed);
  frames.wake();
}

function guestPlayed(values) {
  $("#strip .guest").hidden = false;
  played("guest", values);
  if (state.controls !== 2) players.you.values = hand.values.slice(); // faders are shared, as motor faders are
}

function showState() {
  if (state.controls && state.controls !== hand?.values.length) build(state.controls);
  controls.show(state.values);
  showTurn();
  const model = $("#link .model");
  const { model: name = "" } = state.values;
  model.textContent = name.replace(/\.tflite$/, "");
  model.title = name;
  frames.wake();
}

function showTurn() {
  const [who, said] = words.turn(state.values, link.open);
  document.body.dataset.who = $("#turn").dataset.who = who;
  if ($("#turn span").textContent !== said) $("#turn span").textContent = said;
  $("#hint p").textContent = words.hint(state.values);
}

function showLink(status, wait) {
  const saying = { open: "connected", connecting: "connecting", lost: "not connected" }[status];
  $("#link").dataset.status = status;
  if ($("#link .words").textContent !== saying) $("#link .words").textContent = saying;
  if (status === "open" && hand) link.send("/interface"); // others may have played meanwhile
  if (status !== "connecting") $("#lost").hidden = status === "open";
  if (status === "lost") $("#lost span").textContent = `Is it running? Trying again ${wait < 2 ? "now" : `every ${wait} seconds`}.`;
  controls.enable(status === "open");
  showTurn();
}

/** Show the hint, or hide it while somebody plays. */
function greet(shown) {
  document.body.classList.toggle("greeting", shown);
  clearTimeout(lonely);
  lonely = setTimeout(() => (surface?.held.size ? greet(false) : greet(true)), ALONE);
}

function showSound() {
  const running = ensemble.desk?.context.state === "running";
  const button = $("#sound");
  button.dataset.state = ensemble.muted ? "muted" : running ? "on" : "waiting";
  button.setAttribute("aria-pressed", ensemble.muted);
  button.title = ensemble.muted ? "Sound is off" : running ? "Sound is on" : "Sound begins at the first touch";
  $("#hint small").textContent = running ? "" : "Sound begins with your first touch.";
}

function wakeSound() {
  const first = !ensemble.desk;
  ensemble.wake();
  if (first) ensemble.desk.context.addEventListener("statechange", showSound);
}

for (const gesture of ["pointerdown", "pointerup", "keydown"]) addEventListener(gesture, wakeSound, { capture: true });
$("#sound").addEventListener("click", () => (ensemble.setMuted(!ensemble.muted), showSound()));
$("#lost button").addEventListener("click", () => link.retry());
addEventListener("resize", () => frames.wake());
onTheme(() => frames.wake());
frames.add((now) => surface?.paint(now) ?? false);
frames.add((now) => strip.paint(now));

/** For tests and the curious. */
window.impsy = {
  get analyser() { return ensemble.desk?.analyser ?? null; },
  get context() { return ensemble.desk?.context ?? null; },
  state: () => ({ ...state.values, connected: link.open }),
  cursors: () => Object.fromEntries(Object.entries(players).map(([name, { values, at, held }]) => [name, { values: [...values], at, held }])),
  shown: (name) => strip.shown(name),
};

greet(true);
showSound();
link.connect();
