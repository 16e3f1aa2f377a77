// What is known about one face, as a card.
import { add, setText } from "./dom.js";
import { faceClass, faceShare, faceWord, labelClass, maskWord, ordered, percent } from "./words.js";

export function faceTop(parent) {
  const top = add(parent, "span", undefined, "top");
  const name = add(top, "span"), number = add(name, "span", "", "number");
  number.hidden = true;
  const word = add(name, "span", "", "word"), share = add(top, "span", "", "share");
  return { number, word, share };
}

// The number that stands for the label in the picture, where there is no room for more.
export function showNumber({ number }, text) {
  number.hidden = text === undefined;
  setText(number, text ?? "");
}

export function meter(parent) {
  const made = add(parent, "div", undefined, "meter");
  made.setAttribute("aria-hidden", "true");
  return add(made, "i");
}

export function fill(bar, share) { bar.style.width = `${Math.round(100 * (share ?? 0))}%`; }

export function showFace(card, parts, face) {
  const cls = `card face ${faceClass(face)}${card.classList.contains("lit") ? " lit" : ""}`;
  if (card.className !== cls) card.className = cls;
  const share = faceShare(face);
  setText(parts.word, faceWord(face));
  setText(parts.share, share === null ? "" : percent(share));
  fill(parts.bar, share);
  setText(parts.mask, maskWord(face));
}

// All emotions with a bar each.
export function allBars(parent, face) {
  if (!face.probabilities) return;
  const list = add(parent, "dl", undefined, "all");
  for (const name of ordered(Object.keys(face.probabilities))) {
    add(list, "dt", name);
    const cell = add(list, "dd", undefined, labelClass(name));
    fill(meter(cell), face.probabilities[name]);
    add(list, "dd", percent(face.probabilities[name]), "share");
  }
}
