// Small helpers: making elements, calling the twin, showing times and money.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== ""));
  return element;
}

export async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error((await answer.json()).message);
  return answer.json();
}

export async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.message);
  return document;
}

let hiding = 0;
export function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { box.hidden = true; }, 3000);
}

// A button that cannot be pressed twice while it works.
export function action(label, work, style = "") {
  const button = h("button", { type: "button", class: style }, label);
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toast(error.message);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

export const yuan = (cents) => `¥${(cents / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2 })}`;

const format = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
});
export const when = (iso) => format.format(new Date(iso));

// Replace the content only when it changed, so that nothing jumps while one types or reads.
export function show(box, key, build) {
  if (box.dataset.key === key) return false;
  box.dataset.key = key;
  box.replaceChildren(...[build()].flat());
  return true;
}

export function remembered(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name) || "";
    localStorage.setItem(name, value);
  } catch { /* private windows may forbid it */ }
  return value || "";
}
