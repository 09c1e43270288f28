/* Our own few lines of script: keys, rows that open, choosing, confirming, charts, notes. No framework. */
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = () => document.getElementById("text").dataset;
  const modal = (node) => window.tabler.Modal.getOrCreateInstance(node);

  function toast(text, bad) {
    const box = document.createElement("div");
    box.className = "toast show" + (bad ? " siyu-toast-error" : "");
    box.setAttribute("role", "status");
    const body = document.createElement("div");
    body.className = "toast-body";
    body.textContent = text;
    box.append(body);
    document.getElementById("toasts").append(box);
    setTimeout(() => box.remove(), 6000);
  }

  /* keys: / searches, ? helps, Esc leaves the search (Bootstrap closes the rest) */
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && typing && typing.matches("[data-search]")) typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") {
      const search = $("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") {
      event.preventDefault();
      const help = document.getElementById("help");
      if (help) modal(help).show();
    }
  });

  /* a row opens the thing, unless a control inside it was meant */
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a, button, input, label, select, .dropdown")) return;
    if (window.getSelection().toString()) return;
    if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank");
    else window.location.assign(row.dataset.href);
  });

  /* a filter that changes applies itself; empty fields stay out of the address */
  function tidy(form) {
    const address = new URL(form.action || window.location.href, window.location.href);
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") query.append(name, value);
    if (query.getAll("col").join() === form.dataset.usual) query.delete("col");
    address.search = query.toString();
    window.location.assign(address);
  }
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-filters]");
    if (form && !event.target.matches("[data-search]")) tidy(form);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-filters]")) { event.preventDefault(); tidy(event.target); }
  });

  /* choose some or all, then act on them */
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("[data-choose], [data-choose-all]")) return;
    const all = $$("[data-choose]");
    if (box.matches("[data-choose-all]")) all.forEach((one) => { one.checked = box.checked; });
    const count = all.filter((one) => one.checked).length;
    const bar = $("[data-bulk]");
    if (bar) {
      bar.classList.toggle("show", count > 0);
      const label = $("[data-bulk-count]", bar);
      if (label) label.textContent = words().chosen.replace("{n}", count);
    }
  });

  /* what cannot be undone says what it will do, and asks */
  let asked = null;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const from = event.submitter;
    const text = (from && from.dataset.confirm) || form.dataset.confirm;
    if (!text || form === asked) { asked = null; return; }
    event.preventDefault();
    event.stopPropagation();
    const box = document.getElementById("confirm");
    $("[data-slot=text]", box).textContent = text;
    const go = $("[data-slot=go]", box);
    const fresh = go.cloneNode(true);
    go.replaceWith(fresh);
    fresh.addEventListener("click", () => {
      modal(box).hide();
      asked = form;
      if (from) form.requestSubmit(from); else form.requestSubmit();
    });
    modal(box).show();
  }, true);

  /* a second click on the same button does not send the form twice */
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.method !== "post" || event.target.hasAttribute("data-again")) return;
    setTimeout(() => $$("button[type=submit], button:not([type])", event.target).forEach((one) => { one.disabled = true; }), 0);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) $$("form button:disabled").forEach((one) => { one.disabled = false; });
  });

  /* copy */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try { await navigator.clipboard.writeText(button.dataset.copy); toast(words().copied); } catch { /* the text is on screen */ }
  });

  /* parts of pages */
  document.addEventListener("htmx:sendError", () => toast(words().network, true));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status !== 401) toast(status === 403 ? words().denied : words().failed, true);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "sheet-content") modal(document.getElementById("sheet")).show();
    charts(event.detail.target);
  });

  /* charts: the data lies in a JSON element beside, the same that fills the table behind */
  const COLOURS = ["#066fd1", "#74b816", "#f59f00", "#d6336c", "#0ca678", "#ae3ec9"];
  const short = (value) => {
    const chinese = document.documentElement.lang !== "en";
    const size = Math.abs(value);
    if (chinese && size >= 1e8) return (value / 1e8).toFixed(1).replace(/\.0$/, "") + "亿";
    if (chinese && size >= 1e4) return (value / 1e4).toFixed(1).replace(/\.0$/, "") + "万";
    return value.toLocaleString("en");
  };
  function option(data) {
    const axis = (one, index) => ({ type: "value", name: one, position: index ? "right" : "left", minInterval: 1, splitLine: { show: index === 0, lineStyle: { color: "#e6e8eb" } }, axisLabel: { color: "#5a6675", formatter: short }, nameTextStyle: { color: "#5a6675" } });
    return {
      animationDuration: 250, color: COLOURS, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { trigger: "axis", confine: true }, legend: { top: 0, textStyle: { color: "#3a4859" } },
      grid: { left: 8, right: 8, top: 56, bottom: 4, containLabel: true },
      xAxis: { type: "category", data: data.days, axisLine: { lineStyle: { color: "#9aa4b2" } }, axisTick: { show: false }, axisLabel: { color: "#5a6675", hideOverlap: true } },
      yAxis: data.axes.map(axis),
      series: data.series.map((one) => ({ name: one.name, type: one.type, yAxisIndex: one.axis || 0, data: one.values, stack: one.stack, smooth: false, showSymbol: false, barMaxWidth: 14, lineStyle: { width: 2 }, areaStyle: one.type === "line" ? { opacity: .08 } : undefined })),
    };
  }
  function charts(root) {
    if (!window.echarts) return;
    $$("[data-chart]", root).forEach((node) => {
      if (node.dataset.drawn) return;
      node.dataset.drawn = "1";
      const chart = window.echarts.init(node, null, { renderer: "canvas" });
      chart.setOption(option(JSON.parse(document.getElementById(node.dataset.chart).textContent)));
      new ResizeObserver(() => chart.resize()).observe(node);
    });
  }
  /* chart or its table */
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-switch]");
    if (!button) return;
    const [one, other] = button.dataset.switch.split(" ").map((id) => document.getElementById(id));
    one.hidden = !one.hidden;
    other.hidden = !other.hidden;
    button.setAttribute("aria-pressed", String(!other.hidden));
  });
  /* on a phone the rooms of the settings are a strip: the one that is open comes into view */
  const room = $(".siyu-subnav .active");
  if (room) room.parentElement.scrollLeft = room.offsetLeft - room.parentElement.offsetLeft - 24;
  /* deferred scripts come before this event, so ECharts is there whatever the order */
  if (document.readyState === "complete") charts(document);
  else document.addEventListener("DOMContentLoaded", () => charts(document));
})();
