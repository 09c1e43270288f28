// Playing a clerk: confirm mass tasks, accept requests, read messages from the company.
import { action, get, h, post, remembered, show, toast, when } from "/static/dom.js";

const who = h("div", { class: "card" }), tasks = h("div", { class: "card", id: "tasks" });
const waiting = h("div", { class: "card", id: "requests" });
const inbox = h("div", { class: "card", id: "inbox" });
let me = remembered("twin-member");

export async function start(root) {
  root.append(who, waiting, tasks, inbox);
  await refresh();
}

export async function refresh() {
  const { members } = await get("/twin/members");
  const active = members.filter((item) => item.status === 1);
  if (!active.some((item) => item.userid === me)) me = active[0]?.userid ?? "";
  const open = (await get("/twin/tasks?open=1")).tasks;
  drawWho(active, open);
  drawTasks(open.filter((item) => item.userid === me), open);
  drawWaiting((await get(`/twin/requests?userid=${encodeURIComponent(me)}`)).requests);
  drawInbox((await get(`/twin/messages?userid=${encodeURIComponent(me)}&kind=app`)).messages.reverse());
}

function become(userid) {
  me = remembered("twin-member", userid);
  return refresh();
}

function drawWho(members, open) {
  const count = (userid) => open.filter((item) => item.userid === userid).length;
  show(who, JSON.stringify([me, members.map((item) => [item.userid, count(item.userid)])]), () => {
    const choose = h("select", { "aria-label": "我是哪位导购", onchange: () => become(choose.value) },
      members.map((item) => h("option", { value: item.userid, selected: item.userid === me },
        `${item.department_name} ${item.name}(${item.position})${count(item.userid) ? ` · ${count(item.userid)} 个待发` : ""}`)));
    const current = members.find((item) => item.userid === me);
    return [h("h2", {}, "我是哪位导购"), choose, h("p", { class: "soft" }, `好友 ${current?.friends ?? 0} 人`)];
  });
}

function drawTasks(mine, open) {
  show(tasks, JSON.stringify([mine, open.length, me]), () => [
    h("h2", {}, `待发送的群发(${mine.length})`),
    ...(mine.length ? mine.map((task) => h("div", { class: "row" },
      h("div", {}, task.text || "[附件]", h("div", { class: "soft" },
        `${when(task.created_at)} · ${task.customers} 位客户`, task.reminders ? ` · 已提醒 ${task.reminders} 次` : "")),
      action("确认发送", async () => {
        const done = await post("/twin/confirm", { msgid: task.msgid, userid: task.userid });
        toast(`已发送 ${done.sent} 人` + (done.not_friend ? `，${done.not_friend} 人已不是好友` : "") + (done.limit ? `，${done.limit} 人已达上限` : ""));
        await refresh();
      }, "main"))) : [h("p", { class: "soft" }, open.length ? `没有待发送的任务；其他导购还有 ${open.length} 个` : "没有待发送的任务")]),
    mine.length > 1 ? h("div", { class: "line" }, action("全部确认发送", async () => {
      for (const task of mine) await post("/twin/confirm", { msgid: task.msgid, userid: task.userid });
      toast("已全部发送");
      await refresh();
    })) : null,
  ].filter(Boolean));
}

function drawWaiting(list) {
  waiting.hidden = !list.length;
  show(waiting, JSON.stringify([me, list]), () => [h("h2", {}, `新的客户申请(${list.length})`), ...list.map((item) =>
    h("div", { class: "row" }, h("div", {}, item.name, h("div", { class: "soft" }, when(item.at))),
      action("通过", async () => {
        await post("/twin/accept", { userid: me, external_userid: item.external_userid });
        await refresh();
      }, "main")))]);
}

function drawInbox(list) {
  inbox.hidden = !list.length;
  show(inbox, JSON.stringify([me, list.length]), () => [h("h2", {}, "应用消息"), ...list.slice(0, 20).map((item) =>
    h("div", { class: "row" }, h("div", {}, item.text, h("div", { class: "soft" }, when(item.at)))))]);
}
