/** What the page says: whose turn it is, what to do now. */

const TURNS = { // mode: [who, words]; callresponse follows the server's turn
  polyphony: ["both", "You and impsy together"],
  battle: ["impsy", "impsy plays"],
  useronly: ["you", "You play alone"],
};

const HINTS = {
  callresponse: "Touch and play. Stop, and impsy answers.",
  polyphony: "Touch and play. impsy plays along.",
  battle: "impsy plays by itself. Touch to join in.",
  useronly: "Touch and play. impsy only listens.",
};

/** [who, words] for the turn indicator; who is "you", "impsy", "both" or "nobody". */
export function turn({ mode, turn: whose, pause }, open) {
  if (!open || !mode) return ["nobody", "Not connected"];
  if (pause) return ["nobody", "Paused"];
  if (mode === "callresponse") return whose === "response" ? ["impsy", "impsy answers"] : ["you", "Your turn"];
  return TURNS[mode] ?? ["both", mode];
}

/** The one sentence for somebody who has just come in. */
export function hint({ mode, pause, dimension }) {
  if (!dimension) return "Looking for impsy…";
  if (pause) return "Paused. Resume, and impsy plays again.";
  return HINTS[mode] ?? HINTS.callresponse;
}
