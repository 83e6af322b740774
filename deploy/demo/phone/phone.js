"use strict";
// Polls the receiver and shows what came. `html` in a message was made safe by the server; all else is set as text.

const PHASES = {
  spark: ["首帖出现", "一位用户发出冒烟视频，评论区开始聚集。"],
  pile_up: ["评论聚集", "更多用户说自己也遇到了，矛头转向客服话术。"],
  big_account: ["大V转发", "测评博主自费实测，转发量快速上升。"],
  media: ["媒体跟进", "报纸和电视台报道，监管部门表示关注。"],
  rumour: ["传闻扩散", "真假难辨的消息流传，官方仍未发声。"],
  statement: ["官方声明", "云雀电器致歉并宣布召回，舆论分化。"],
  decay: ["逐渐平息", "退款到账，讨论回落，余波仍在。"],
};
const OTHER = {
  quiet: ["平静期", "三周历史可供读取，危机即将在几秒后开始。"],
  over: ["已平息", "剧本演完了，站点仍可访问。"],
  steady: ["压力测试", "按固定速率持续产生新内容。"],
};
const SOURCES = { news: "新闻", forum: "论坛", microblog: "微博", complaints: "投诉", reviews: "应用评论", mastodon: "长毛象" };
const WHO = { wecom: ["潮", "听潮预警", "机器人"], webhook: ["值", "值班平台", "Webhook"] };
const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const short = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric", weekday: "long" });
let last = 0;

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function show(message) {
  const [face, name, tag] = WHO[message.channel];
  const row = element("div", `message ${message.channel}`);
  const body = element("div", "body");
  const who = element("div", "who", name);
  const bubble = element("div", "bubble");
  who.append(element("span", "bot", tag), element("time", "", clock.format(message.at * 1000)));
  bubble.innerHTML = message.html;
  body.append(who, bubble);
  row.append(element("div", "avatar", face), body);
  const chat = $("chat");
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80;
  chat.append(row);
  if (atEnd) chat.scrollTop = chat.scrollHeight;
}

function showClock(state) {
  const [title, text] = PHASES[state.phase] || OTHER[state.phase] || [state.phase, ""];
  const minutes = Math.max(0, Math.floor(state.minute));
  $("phase").textContent = PHASES[state.phase] ? `${title} · 第 ${minutes} 分钟` : title;
  $("explain").textContent = text;
  const names = Object.keys(PHASES);
  const here = state.phase === "over" ? names.length : names.indexOf(state.phase);
  $("phases").replaceChildren(...names.map((name, n) => element("li", n < here ? "done" : n === here ? "now" : "", PHASES[name][0])));
  $("sources").replaceChildren(...Object.keys(SOURCES).map((source) => {
    const row = element("tr");
    const name = element("td", "", SOURCES[source]);
    if (state.refusing[source]) name.append(element("span", "closed", `HTTP ${state.refusing[source]}`));
    row.append(name, ...["served", "requests", "refused", "forbidden_hits"].map((column) => {
      const count = state[column][source];
      return element("td", column === "forbidden_hits" && count ? "bad" : "", count.toLocaleString("zh-CN"));
    }));
    return row;
  }));
}

async function poll() {
  try {
    const [inbox, state] = await Promise.all([
      fetch(`/messages.json?after=${last}`).then((answer) => answer.json()),
      fetch("/clock.json").then((answer) => answer.json()),
    ]);
    for (const message of inbox.messages) {
      $("waiting").hidden = true;
      show(message);
      last = message.n;
    }
    for (const name of ["accepted", "repeats", "rejected"]) $(name).textContent = inbox[name];
    showClock(state);
  } catch {
    $("phase").textContent = "站点已停止";
    $("explain").textContent = "演示进程没有应答，重新运行 make demo 即可。";
  }
  $("time").textContent = short.format(Date.now());
  $("day").textContent = day.format(Date.now());
  setTimeout(poll, 1000);
}

poll();
