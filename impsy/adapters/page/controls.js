/**
 * Mode, temperatures, time and transport: they ask the server, and show what it answers.
 *
 * A slider under a hand shows the hand; let go, it shows the server's word again, also where the server refused.
 */

const SETTLE = 350; // milliseconds for the server's word to arrive after a hand lets go
const TOP = 1000; // steps of a slider

/** How a slider's way [0, 1] becomes a value, and back. */
const power = (most, exponent) => ({ value: (way) => most * way ** exponent, way: (value) => (value / most) ** (1 / exponent) });
const ratio = (least, most) => ({
  value: (way) => least * (most / least) ** way,
  way: (value) => Math.log(value / least) / Math.log(most / least),
});

const DIALS = [
  ["sigmatemp", "Sigma temp", "How far each value strays from what impsy expects", power(2, 4), ""],
  ["pitemp", "Pi temp", "How often impsy takes a less likely turn", ratio(0.1, 10), ""],
  ["timescale", "Timescale", "Stretches impsy's rhythm: below 1 faster, above 1 slower", ratio(0.1, 10), " ×"],
  ["threshold", "Threshold", "How long you must be silent before impsy answers", ratio(0.05, 10), " s"],
];

/** Three figures at most, as people write them. */
const written = (value, unit) => `${Number(value.toPrecision(value < 0.1 ? 2 : 3))}${unit}`;

export class Controls {
  /** `ask(key, tags, values)` sends a wish to the server; `panicked()` hears of the panic button. */
  constructor(form, ask, panicked) {
    this.fieldsets = [...form.querySelectorAll("fieldset")];
    this.ask = ask;
    this.modes = [...form.elements.mode];
    this.modes.forEach((radio) => radio.addEventListener("change", () => this.#choose(radio.value)));
    this.dials = DIALS.map((dial) => new Dial(form.querySelector(".dials"), dial, ask));
    this.pause = form.elements.pause;
    this.pause.addEventListener("click", () => ask("pause", "i", [this.state?.pause ? 0 : 1]));
    form.elements.reset.addEventListener("click", () => ask("reset"));
    form.elements.panic.addEventListener("click", () => (ask("panic"), panicked()));
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Without a server there is nothing to ask. */
  enable(enabled) {
    this.fieldsets.forEach((fieldset) => (fieldset.disabled = !enabled));
  }

  /** Show `state`, the server's word. */
  show(state) {
    this.state = state;
    this.modes.forEach((radio) => (radio.checked = radio.value === state.mode));
    this.dials.forEach((dial) => dial.show(state[dial.key]));
    this.pause.setAttribute("aria-pressed", Boolean(state.pause));
    this.pause.lastElementChild.textContent = state.pause ? "Resume" : "Pause";
  }

  #choose(mode) {
    this.ask("mode", "s", [mode]);
    setTimeout(() => this.show(this.state), SETTLE);
  }
}

class Dial {
  constructor(parent, [key, name, tip, scale, unit], ask) {
    Object.assign(this, { key, scale, unit, ask, busy: 0, frame: 0 });
    const label = document.createElement("label");
    label.title = tip;
    label.innerHTML = `<span>${name}</span><output></output><input type="range" name="${key}" min="0" max="${TOP}" step="1"><small>${tip}</small>`;
    parent.append(label);
    [, this.output, this.input] = label.children;
    this.input.addEventListener("input", () => this.#turn());
    this.input.addEventListener("pointerdown", () => this.#hold());
    for (const end of ["pointerup", "pointercancel", "change", "blur"]) this.input.addEventListener(end, () => this.#settle());
  }

  show(value) {
    if (value === undefined) return;
    this.told = value;
    if (this.busy) return;
    this.#write(value);
    this.input.value = Math.round(TOP * Math.min(1, Math.max(0, this.scale.way(value))));
    this.#fill();
  }

  #turn() {
    this.#hold();
    const value = this.scale.value(this.input.value / TOP);
    this.#write(value);
    this.#fill();
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.ask(this.key, "f", [value]));
  }

  #hold() {
    clearTimeout(this.busy);
    this.busy = setTimeout(() => this.#settle(), 20000); // a lift that no browser tells of must not hold it for ever
  }

  #settle() {
    clearTimeout(this.busy);
    this.busy = setTimeout(() => {
      this.busy = 0;
      this.show(this.told);
    }, SETTLE);
  }

  #write(value) {
    this.output.textContent = written(value, this.unit);
    this.input.setAttribute("aria-valuetext", this.output.textContent);
  }

  #fill() {
    this.input.style.setProperty("--way", this.input.value / TOP);
  }
}
