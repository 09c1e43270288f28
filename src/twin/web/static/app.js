// Tabs and polling.
import * as clerk from "/static/clerk.js";
import * as customer from "/static/customer.js";
import { get, when } from "/static/dom.js";

const EVERY = 1500;
const panels = { customer, clerk };
let current = location.hash === "#clerk" ? "clerk" : "customer";
const started = new Set();

async function open(name) {
  current = name;
  for (const key of Object.keys(panels)) {
    document.getElementById(key).hidden = key !== name;
    document.getElementById(`tab-${key}`).setAttribute("aria-selected", String(key === name));
  }
  if (!started.has(name)) {
    started.add(name);
    await panels[name].start(document.getElementById(name));
  }
}

async function poll() {
  try {
    document.getElementById("clock").textContent = `模拟时间 ${when((await get("/twin/clock")).now)}`;
    if (!document.hidden) await panels[current].refresh();
  } catch {
    document.getElementById("clock").textContent = "连接中断，正在重试…";
  }
  setTimeout(poll, EVERY);
}

for (const key of Object.keys(panels)) {
  document.getElementById(`tab-${key}`).addEventListener("click", () => {
    history.replaceState(null, "", key === "clerk" ? "#clerk" : location.pathname);
    open(key);
  });
}
await open(current);
setTimeout(poll, EVERY);
document.body.dataset.ready = "1";
