// Draws a tree of elements that Python sent. Text becomes text nodes and nothing else: no HTML is ever parsed here.
const TAGS = new Set(["div", "span", "p", "b", "small", "mark", "a", "button", "time", "ol", "ul", "li", "table",
  "thead", "tbody", "tr", "th", "td", "h2", "h3", "blockquote", "i"]);
const PLAIN = new Set(["title", "role", "aria-label", "colspan", "lang", "id"]);
const drawn = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const wire = JSON.stringify(data.tree);
  let paper = drawn.get(parentElement);
  if (!paper) {
    paper = { root: document.createElement("div"), wire: null, timer: null };
    paper.root.className = "paper";
    parentElement.appendChild(paper.root);
    drawn.set(parentElement, paper);
  }
  paper.skew = data.now * 1000 - Date.now();
  paper.press = setTriggerValue;
  if (paper.wire !== wire) {
    paper.root.replaceChildren(...data.tree.map((node) => element(node, paper)));
    paper.wire = wire;
  }
  tick(paper);
  clearInterval(paper.timer);
  paper.timer = paper.root.querySelector("[data-clock]") ? setInterval(() => tick(paper), 1000) : null;
  if (data.cookie) document.cookie = data.cookie + "; path=/; max-age=31536000; samesite=strict";
  return () => clearInterval(paper.timer);
}

function element(node, paper) {
  if (typeof node === "string") return document.createTextNode(node);
  const [tag, attributes, children] = node;
  const made = document.createElement(TAGS.has(tag) ? tag : "span");
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (PLAIN.has(name)) made.setAttribute(name, value);
    else if (name === "share") made.style.setProperty("--share", Math.min(100, Math.max(0, Number(value) || 0)) + "%");
    else if (name === "href") link(made, String(value), paper);
    else if (name === "press") made.addEventListener("click", () => paper.press("press", value));
    else if (name === "clock") { made.dataset.clock = value; made.dataset.at = attributes.at; made.dataset.words = attributes.words || ""; }
  }
  made.append(...children.map((child) => element(child, paper)));
  return made;
}

function link(made, href, paper) {
  if (/^\/(?!\/)/.test(href)) {
    made.href = href;
    made.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      paper.press("go", href);
    });
  } else if (/^https?:\/\//i.test(href)) {
    made.href = href;
    made.target = "_blank";
    made.rel = "noopener noreferrer nofollow";
    made.referrerPolicy = "no-referrer";
  }
}

// Clocks count in the browser. `since`: T+03:12:44. `left`: time to a deadline. `age`: marks what grew old.
function tick(paper) {
  const now = Date.now() + paper.skew;
  for (const clock of paper.root.querySelectorAll("[data-clock]")) {
    const seconds = Math.trunc((now - Number(clock.dataset.at) * 1000) / 1000);
    const [before, after] = clock.dataset.words.split("|");
    if (clock.dataset.clock === "since") clock.textContent = "T+" + hms(Math.max(0, seconds));
    else if (clock.dataset.clock === "left") {
      clock.textContent = (seconds > 0 ? after : before) + " " + span(Math.abs(seconds));
      clock.classList.toggle("late", seconds > 0);
    } else if (clock.dataset.clock === "age") clock.classList.toggle("old", seconds > Number(before));
  }
}

const two = (number) => String(number).padStart(2, "0");
const hms = (seconds) => two(Math.trunc(seconds / 3600)) + ":" + two(Math.trunc(seconds / 60) % 60) + ":" + two(seconds % 60);
const span = (seconds) => seconds >= 86400 ? Math.trunc(seconds / 86400) + "d " + hms(seconds % 86400).slice(0, 5) : hms(seconds);
