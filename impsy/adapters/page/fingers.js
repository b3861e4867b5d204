/**
 * Fingers, pens and mice on an element, each followed from touch to lift-off even where it leaves the element.
 *
 * Calls `down(id, event)`, `moved(id, event)` and `up(id)`; a touch that the system takes away counts as lifted.
 */
export function follow(element, { down, moved, up }) {
  const touching = new Set();
  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    touching.add(event.pointerId);
    down(event.pointerId, event);
  });
  element.addEventListener("pointermove", (event) => touching.has(event.pointerId) && moved(event.pointerId, event));
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    element.addEventListener(end, ({ pointerId }) => touching.delete(pointerId) && up(pointerId));
  }
  element.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press is music, not a menu
}
