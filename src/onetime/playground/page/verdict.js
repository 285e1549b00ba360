// A verdict in words: for the operator of the server, and as the user sees it.

import { make, times } from "./dom.js";

const VERDICTS = {
  accepted: ["✓", "Accepted"],
  replayed: ["↺", "Replayed"],
  incorrect: ["✕", "Incorrect"],
  malformed: ["✎", "Malformed"],
  throttled: ["◷", "Throttled"],
  not_enrolled: ["∅", "Not enrolled"],
  already_enrolled: ["=", "Already enrolled"],
  too_many_devices: ["⋯", "Too many devices"],
};

/** Verdicts whose text is for the program, not for the user. */
const INTERNAL = ["not_enrolled", "already_enrolled", "too_many_devices"];

/** Explain a verdict; `was` and `state` are what the server stored before and after it. */
function meaning(answer, was, enrolling) {
  const { verdict, accepted, state } = answer;
  switch (verdict) {
    case "accepted": {
      const device = state.devices.find(({ name }) => name === accepted.device);
      const unit = device.kind === "totp" ? "step" : "counter";
      const failures = accepted.failures_before
        ? ` Notify the owner: ${times(accepted.failures_before, "wrong code")} since the last login.`
        : "";
      const what = `It is the code of ${unit} ${accepted.moving_factor} of the device “${accepted.device}”, and is spent now.`;
      return enrolling ? `The device “${accepted.device}” is enrolled. Its code is spent now.` : what + failures;
    }
    case "replayed":
      return "The code was correct, but it is spent. It does not count as a failure.";
    case "incorrect":
      if (enrolling) return "The device does not show this code. A wrong code of a new device does not count.";
      if (state.near_misses_left < was.near_misses_left)
        return "A near miss: two of the three codes are right. It counts, because an attacker who knows unused codes gets this close.";
      if (state.failures === was.failures) return "The codes do not match. Three wrong codes do not count as a failure.";
      return `No device shows this code. It is failure number ${state.failures} in a row.`;
    case "malformed":
      return "The text is not a code: its length is wrong, or it has characters other than digits. It does not count as a failure.";
    case "throttled":
      return "There were too many failures, so the code was not checked.";
    case "not_enrolled":
      return "No device is enrolled, so every code is wrong.";
    default:
      return `For the program: ${answer.message}.`;
  }
}

/** Show a verdict; return its name. */
export function showVerdict(box, answer, was, enrolling) {
  const [sign, name] = VERDICTS[answer.verdict];
  const icon = make("span", "sign", sign);
  icon.setAttribute("aria-hidden", "true");
  box.className = `verdict ${answer.verdict}`;
  box.replaceChildren(make("p", "strong", icon, " ", name), make("p", "", meaning(answer, was, enrolling)));
  if (answer.verdict === "throttled") {
    const next = make("p", "", "The next code is checked ", make("span", "left"), ".");
    next.setAttribute("aria-live", "off"); // the time counts down; the verdict is announced once
    box.append(next);
  }
  if (answer.message && !INTERNAL.includes(answer.verdict))
    box.append(make("p", "hint", `The user sees: “${answer.message}”`));
  return name;
}
