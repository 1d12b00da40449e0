// Keeps an open board alive: sentences come one by one, the board is fetched again when something happened.
// All HTML is made by the server; sentences are put in as text.

const page = document.querySelector("[data-live]");
const MOST_SENTENCES = 200;
const SOON_MS = 250; // changes that come together cause one fetch
const REFRESH_MS = 10_000; // remaining times grow shorter although nothing happens

if (page) {
  const state = document.getElementById("state");
  const list = document.getElementById("stream");
  const { lang, saysLive, saysLost, saysSkipped } = page.dataset;
  const says = { live: saysLive, lost: saysLost, skipped: saysSkipped };
  let waiting = 0;
  let fetching = false;
  let dirty = false;

  const show = (name) => {
    state.className = `is-${name}`;
    state.textContent = says[name];
  };

  const put = (...parts) => {
    const item = document.createElement("li");
    item.className = "new";
    item.append(...parts);
    list.querySelector(".empty")?.remove();
    list.prepend(item);
    while (list.children.length > MOST_SENTENCES) list.lastElementChild.remove();
  };

  const tell = (fact) => {
    const sentence = document.createElement("span");
    sentence.textContent = fact[lang];
    if (!fact.number) return put(sentence);
    const link = document.createElement("a");
    link.href = `/complaints/${encodeURIComponent(fact.complaint_id)}${lang === "en" ? "?lang=en" : ""}`;
    link.textContent = fact.number;
    put(link, " ", sentence);
  };

  const versions = () =>
    new Map([...document.querySelectorAll("#board tr[id]")].map((row) => [row.id, row.dataset.version]));

  const refresh = async () => {
    clearTimeout(waiting);
    waiting = 0;
    if (fetching) {
      dirty = true;
      return;
    }
    fetching = true;
    try {
      const answer = await fetch(page.dataset.board);
      if (answer.ok) replace(await answer.text());
    } catch {
      // The stream says that the connection is lost; the next refresh tries again.
    }
    fetching = false;
    if (dirty) {
      dirty = false;
      soon();
    }
  };

  const replace = (html) => {
    const before = versions();
    const focused = document.activeElement?.closest?.("#board tr[id]")?.id;
    document.getElementById("board").outerHTML = html;
    for (const [id, version] of versions()) {
      if (before.get(id) !== version) document.getElementById(id).classList.add("new");
    }
    if (focused) document.querySelector(`#${CSS.escape(focused)} a`)?.focus();
  };

  const soon = () => {
    waiting ||= setTimeout(refresh, SOON_MS);
  };

  const source = new EventSource(page.dataset.live);
  source.addEventListener("open", () => show("live"));
  source.addEventListener("error", () => show("lost"));
  source.addEventListener("sentence", (event) => {
    tell(JSON.parse(event.data));
    soon();
  });
  source.addEventListener("skipped", () => put(says.skipped));
  setInterval(() => document.hidden || refresh(), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
