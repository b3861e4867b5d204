/**
 * The two timbres: a warm reed for people, a glass bell for impsy.
 *
 * A voice sings one line. `sing(hertz, brightness, level)` moves it; what has been silent starts at its new pitch, what
 * sounds glides there. `rest(seconds)` lets it fade. Levels approach their targets, so no envelope ever clicks.
 */

const GLIDE = 0.014; // seconds
const SHORTEST = 0.06; // seconds: the quickest tap is heard
const SILENT = 0.25; // seconds after which a resting voice may jump in pitch unheard

class Voice {
  constructor(context, out, pan, attack) {
    this.context = context;
    this.attack = attack;
    this.level = new GainNode(context, { gain: 0 });
    this.level.connect(new StereoPannerNode(context, { pan })).connect(out);
    this.resting = -Infinity; // since when; null while it sings
    this.begun = -Infinity;
  }

  sing(hertz, brightness, level) {
    const now = this.context.currentTime;
    const fresh = this.resting !== null && now - this.resting > SILENT;
    this.tune(hertz, brightness, now, fresh);
    this.level.gain.cancelScheduledValues(now);
    this.level.gain.setTargetAtTime(level, now, this.attack);
    if (fresh) this.begun = now;
    this.resting = null;
  }

  /** Fade with time constant `seconds`, beginning `after` seconds from now. */
  rest(seconds, after = 0) {
    const at = Math.max(this.context.currentTime + after, this.begun + SHORTEST);
    this.level.gain.cancelScheduledValues(at);
    this.level.gain.setTargetAtTime(0, at, seconds);
    this.resting = at + 3 * seconds;
  }
}

/** Send each parameter to its value: at once where the voice was silent, gliding where it sounds. */
function steer(pairs, now, fresh) {
  for (const [param, value] of pairs) {
    if (fresh) {
      param.cancelScheduledValues(now);
      param.setValueAtTime(value, now);
    } else param.setTargetAtTime(value, now, GLIDE);
  }
}

/** Two saws a shade apart over a sine; brightness brings the saws forward and opens the filter over them. */
export class Reed extends Voice {
  constructor(context, out, pan) {
    super(context, out, pan, 0.02);
    this.filter = new BiquadFilterNode(context, { type: "lowpass", Q: 1.5 });
    this.buzz = new GainNode(context);
    this.body = new GainNode(context);
    this.second = new GainNode(context, { gain: 0.5 }); // the weaker saw beats, yet never cancels the fundamental
    this.second.connect(this.buzz);
    const parts = [["sawtooth", 0, this.buzz], ["sawtooth", 8, this.second], ["sine", 0, this.body]];
    this.oscillators = parts.map(([type, detune, to]) => {
      const oscillator = new OscillatorNode(context, { type, detune });
      oscillator.connect(to);
      oscillator.start();
      return oscillator;
    });
    this.buzz.connect(this.filter);
    this.body.connect(this.filter).connect(this.level);
  }

  tune(hertz, brightness, now, fresh) {
    const cutoff = Math.min(11000, hertz * 2 ** (1 + 3.6 * brightness));
    const mix = [[this.buzz.gain, 0.12 + 0.18 * brightness], [this.body.gain, 0.38 - 0.26 * brightness]];
    const pitches = this.oscillators.map(({ frequency }) => [frequency, hertz]);
    steer([...pitches, ...mix, [this.filter.frequency, cutoff]], now, fresh);
  }
}

/** A sine bent by another (FM): a struck glass that rings clearer or sharper with brightness. */
export class Glass extends Voice {
  constructor(context, out, pan) {
    super(context, out, pan, 0.006);
    this.carrier = new OscillatorNode(context);
    this.bender = new OscillatorNode(context);
    this.depth = new GainNode(context, { gain: 0 });
    this.bender.connect(this.depth).connect(this.carrier.frequency);
    this.carrier.connect(new GainNode(context, { gain: 0.42 })).connect(this.level);
    this.carrier.start();
    this.bender.start();
  }

  tune(hertz, brightness, now, fresh) {
    const depth = hertz * (0.15 + 3.6 * brightness ** 1.5);
    steer([[this.carrier.frequency, hertz], [this.bender.frequency, hertz * 3.003]], now, fresh);
    const { gain } = this.depth;
    gain.cancelScheduledValues(now);
    if (fresh) gain.setValueAtTime(depth * 2.2, now); // the stroke, brighter than what rings after it
    gain.setTargetAtTime(depth, now, fresh ? 0.09 : GLIDE);
  }
}
