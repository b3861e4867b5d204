/** One animation loop for everything drawn; it sleeps while nothing moves, for the sake of a phone's battery. */

export class Frames {
  #painters = [];
  #frame = 0;

  /** `paint(now)` draws, and says whether it needs to be called again without being woken. */
  add(paint) {
    this.#painters.push(paint);
    this.wake();
  }

  wake() {
    this.#frame ||= requestAnimationFrame((now) => {
      this.#frame = 0;
      const moving = this.#painters.map((paint) => paint(now));
      if (moving.some(Boolean)) this.wake();
    });
  }
}
