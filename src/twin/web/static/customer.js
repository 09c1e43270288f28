// Playing a customer: choose who, scan a code, chat, buy, give back, delete.
import { action, get, h, post, remembered, show, toast, when, yuan } from "/static/dom.js";

const scanned = location.pathname.startsWith("/qr/") ? location.pathname.slice(4) : "";
const part = (name) => h("div", { class: "card", id: name });
const who = part("who"), codes = part("codes"), chats = h("div", { id: "chats" }), orders = part("orders");
let me = remembered("twin-person");
let goods = [];
const drafts = {};

export async function start(root) {
  root.append(who, scanned ? codes : chats, scanned ? chats : codes, orders);
  goods = (await get("/twin/shop/goods.json")).goods;
  await refresh();
}

export async function refresh() {
  const { people } = await get("/twin/people?kind=played&limit=200");
  if (me && !people.some((item) => item.id === me)) me = "";
  drawWho(people);
  const found = me ? await get(`/twin/person/${me}`) : null;
  drawCodes((await get("/twin/codes")).codes, found);
  const said = me ? (await get(`/twin/messages?person=${me}`)).messages : [];
  drawChats(found, said);
  drawOrders(found);
}

function become(id) {
  me = remembered("twin-person", id);
  return refresh();
}

function drawWho(people) {
  show(who, JSON.stringify([me, people.map((item) => item.id)]), () => {
    const choose = h("select", { "aria-label": "我是谁", onchange: () => become(choose.value) },
      h("option", { value: "" }, "请选择"),
      people.map((item) => h("option", { value: item.id, selected: item.id === me }, `${item.name} ${item.phone}`)));
    const name = h("input", { placeholder: "称呼(可不填)", "aria-label": "称呼" });
    return [
      h("h2", {}, "我是谁"),
      people.length ? choose : h("p", { class: "soft" }, "还没有人，先新建一位客户"),
      h("div", { class: "line" }, name, action("新建一位客户", async () => {
        await become((await post("/twin/people", { name: name.value.trim() })).id);
      }, me ? "" : "main")),
    ];
  });
}

async function scan(code) {
  if (!me) await become((await post("/twin/people", {})).id);
  const done = await post("/twin/scan", { config_id: code.config_id, person: me });
  toast({ added: "已添加，等待欢迎语", half: "已申请，等待对方通过", already_friends: "你们已经是好友" }[done.outcome]);
  await refresh();
}

function codeRow(code, label) {
  const names = code.members.map((member) => member.name);
  const shown = names.length > 3 ? `${names.slice(0, 3).join("、")} 等 ${names.length} 人` : names.join("、");
  return h("div", { class: "row" },
    h("div", {}, shown || "暂无成员", h("div", { class: "soft" }, code.remark || code.state || "未命名活码")),
    action(label, () => scan(code), "main"));
}

function drawCodes(list, found) {
  show(codes, JSON.stringify([list, Boolean(found), scanned]), () => {
    if (scanned) {
      const code = list.find((item) => item.config_id === scanned);
      if (!code) return [h("h2", {}, "二维码已失效"), h("p", { class: "soft" }, "请向导购要一个新的二维码。")];
      return [h("h2", {}, `扫码:${code.members[0]?.department ?? ""}`), codeRow(code, "扫码添加"),
        h("p", {}, h("a", { href: "/" }, "看看其他活码"))];
    }
    if (!list.length) return [h("h2", {}, "活码"), h("p", { class: "soft" }, "系统还没有创建活码。")];
    const groups = Map.groupBy
      ? Map.groupBy(list, (code) => code.members[0]?.department ?? "其他")
      : list.reduce((map, code) => {
        const key = code.members[0]?.department ?? "其他";
        return map.set(key, [...(map.get(key) ?? []), code]);
      }, new Map());
    return [h("h2", {}, `活码(${list.length})`), ...[...groups].map(([store, items], index) =>
      h("details", { open: index === 0 }, h("summary", {}, `${store}(${items.length})`),
        items.map((code) => codeRow(code, "扫码添加"))))];
  });
}

function bubble(message) {
  const mine = message.kind === "chat" ? " mine" : "";
  const kind = { welcome: "欢迎语", mass: "群发" }[message.kind];
  return [
    h("div", { class: `bubble${mine}` }, message.text || (message.attachments.length ? "" : "(空)"),
      message.attachments.map((item) => h("div", { class: "attachment" },
        item.link?.title ?? item.miniprogram?.title ?? { image: "[图片]", video: "[视频]", file: "[文件]" }[item.msgtype] ?? "[附件]"))),
    h("div", { class: `when${mine}` }, when(message.at), kind ? ` · ${kind}` : ""),
  ];
}

function chatCard(follow, person) {
  const box = h("div", { class: "chat", "data-chat": follow.userid });
  const text = h("input", { placeholder: "说点什么", "aria-label": `对${follow.member_name}说`, value: drafts[follow.userid] ?? "" });
  text.addEventListener("input", () => { drafts[follow.userid] = text.value; });
  const pair = { external_userid: person.external_userid, userid: follow.userid };
  const choose = h("select", { "aria-label": "商品" },
    goods.map((item) => h("option", { value: item.sku }, `${item.name} ${yuan(item.price)}`)));
  return h("div", { class: "card" },
    h("h2", {}, `${follow.member_name} · ${follow.store_name}`, " ", follow.friends ? "" : h("span", { class: "badge" }, follow.half ? "等待通过" : "已不是好友")),
    box,
    follow.friends ? [
      h("div", { class: "line" }, text, action("发送", async () => {
        if (!text.value.trim()) return;
        await post("/twin/say", { ...pair, text: text.value.trim() });
        text.value = drafts[follow.userid] = "";
        await refresh();
      })),
      h("div", { class: "line" }, choose, action("购买", async () => {
        const done = await post("/twin/buy", { person: person.id, sku: choose.value, source: "mini", clerk_userid: follow.userid });
        toast(`已付款 ${yuan(done.amount)}`);
        await refresh();
      }, "main")),
      h("div", { class: "line" }, action("删除好友", async () => {
        await post("/twin/block", pair);
        await refresh();
      }, "danger")),
    ] : []);
}

function drawChats(found, said) {
  const follows = (found?.follows ?? []).filter((item) => !item.deleted_by_member);
  show(chats, JSON.stringify([me, follows.map((item) => [item.userid, item.friends, item.half])]),
    () => follows.map((item) => chatCard(item, found.person)));
  for (const item of follows) {
    const box = chats.querySelector(`[data-chat="${CSS.escape(item.userid)}"]`);
    const mine = said.filter((message) => message.userid === item.userid);
    const changed = show(box, String(mine.length) + me, () => mine.length
      ? mine.flatMap(bubble) : [h("p", { class: "soft" }, "还没有消息")]);
    if (changed) box.scrollTop = box.scrollHeight;
  }
}

function drawOrders(found) {
  const list = [...(found?.orders ?? [])].reverse();
  orders.hidden = !list.length;
  show(orders, JSON.stringify(list), () => [h("h2", {}, "我的订单"), ...list.map((order) => h("div", { class: "row" },
    h("div", {}, order.lines.map((line) => `${line.name}×${line.quantity}`).join("、"),
      h("div", { class: "soft" }, `${when(order.paid_at)} · ${yuan(order.amount)}`, order.refunded ? ` · 已退 ${yuan(order.refunded)}` : "")),
    order.refunded < order.amount ? action("退款", async () => {
      await post("/twin/refund", { order_no: order.order_no });
      toast("已退款");
      await refresh();
    }) : null))]);
}
