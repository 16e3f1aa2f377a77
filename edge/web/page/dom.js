// Small helpers around the document.
export const at = id => document.getElementById(id);

export function add(parent, tag, text, cls) {
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined && text !== null) made.textContent = text;
  if (cls) made.className = cls;
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function draw(parent, tag, attributes = {}, text) {
  const made = parent.appendChild(document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export const setText = (element, text) => { if (element.textContent !== text) element.textContent = text; };

export function say(element, text, wrong = false) {
  element.hidden = !text;
  element.textContent = text;
  element.classList.toggle("wrong", wrong);
}

export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export const csv = rows => rows.map(row => row.map(cell => {
  const text = String(cell ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",") + "\r\n").join("");
