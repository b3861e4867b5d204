/**
 * The mixing desk: players' voices go in, a room is added, a limiter guards the ears, and one analyser listens at the end.
 *
 *     voices ──┬──────────────► limiter ─► mute ─► analyser ─► loudspeakers
 *              └─► echo ─► room ──▲
 *
 * Only plain Web Audio nodes, which exist on pages from `http://` too; every change glides, so that nothing clicks.
 */

const ROOM = 1.9; // seconds of reverberation
const ECHO = 0.31; // seconds between repeats
const WET = 0.5;

export class Desk {
  constructor() {
    const context = new AudioContext({ latencyHint: "interactive" });
    this.context = context;
    this.input = new GainNode(context, { gain: 1.2 });
    const limiter = new DynamicsCompressorNode(context, { threshold: -9, knee: 6, ratio: 16, attack: 0.002, release: 0.2 });
    this.mute = new GainNode(context);
    this.analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    this.wet = new GainNode(context, { gain: WET });
    this.input.connect(limiter).connect(this.mute).connect(this.analyser).connect(context.destination);
    this.#room(limiter);
  }

  /** Browsers let sound begin only inside a touch or a key: call this from each of them. */
  wake() {
    if (this.context.state !== "running") this.context.resume().catch(() => {}); // refused until a touch: the next will do
  }

  setMuted(muted) {
    this.mute.gain.setTargetAtTime(muted ? 0 : 1, this.context.currentTime, 0.015);
  }

  /** Let no tail ring on: the room closes for as long as it would have rung. */
  hush() {
    const { gain } = this.wet;
    gain.cancelScheduledValues(0);
    gain.setTargetAtTime(0, this.context.currentTime, 0.02);
    gain.setTargetAtTime(WET, this.context.currentTime + ROOM + 4 * ECHO, 0.2);
  }

  #room(out) {
    const { context } = this;
    const echo = new DelayNode(context, { delayTime: ECHO, maxDelayTime: 1 });
    const again = new GainNode(context, { gain: 0.28 });
    const softer = new BiquadFilterNode(context, { type: "lowpass", frequency: 2200, Q: 0.3 });
    const room = new ConvolverNode(context, { buffer: impulse(context) });
    this.input.connect(room).connect(this.wet);
    this.input.connect(echo).connect(softer).connect(again).connect(echo);
    again.connect(this.wet);
    this.wet.connect(out);
  }
}

/** Two seconds of a small hall: noise that fades, its treble first. */
function impulse(context) {
  const length = Math.round(ROOM * context.sampleRate);
  const buffer = new AudioBuffer({ length, numberOfChannels: 2, sampleRate: context.sampleRate });
  for (let channel = 0; channel < 2; channel++) {
    const samples = buffer.getChannelData(channel);
    let smooth = 0;
    for (let i = 0; i < length; i++) {
      const past = i / length;
      const noise = (Math.random() * 2 - 1) * Math.exp(-5.5 * past) * Math.min(1, i / 200);
      smooth += (noise - smooth) * (0.7 - 0.6 * past);
      samples[i] = smooth;
    }
  }
  return buffer;
}
