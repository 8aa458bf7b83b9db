// The search: names of the reference, pages and their headings, from search-index.js, which is read at first use.
(function () {
  const field = document.getElementById("search"), list = document.getElementById("found");
  let chosen = -1;

  function load() {
    if (document.getElementById("search-index")) return;
    const script = document.createElement("script");
    script.id = "search-index";
    script.src = "search-index.js";
    script.onload = show;
    document.head.append(script);
  }

  // 0: the name itself, 1: begins so, 2: a word in it begins so, 3: it is somewhere inside; -1: not at all.
  function rank(name, query) {
    const at = name.indexOf(query);
    if (at < 0) return -1;
    if (at === 0) return name.length === query.length ? 0 : 1;
    return /[a-z0-9]/.test(name[at - 1]) ? 3 : 2;
  }

  function find(query) {
    const hits = [];
    for (const [name, address, where] of window.searchIndex || []) {
      const r = rank(name.toLowerCase(), query);
      if (r >= 0) hits.push({ name, address, where, r });
    }
    return hits.sort((a, b) => a.r - b.r || a.name.length - b.name.length || (a.name < b.name ? -1 : 1)).slice(0, 30);
  }

  function show() {
    const query = field.value.trim().toLowerCase();
    list.replaceChildren();
    chosen = -1;
    list.hidden = query === "";
    if (list.hidden || !window.searchIndex) return;
    for (const hit of find(query)) {
      const link = document.createElement("a"), where = document.createElement("small");
      link.href = hit.address;
      link.textContent = hit.name;
      where.textContent = hit.where;
      link.append(where);
      list.append(link);
    }
    if (!list.firstChild) list.textContent = "Nothing has this in its name.";
  }

  function move(step) {
    const links = list.querySelectorAll("a");
    if (links.length === 0) return;
    if (chosen >= 0) links[chosen].classList.remove("chosen");
    chosen = (chosen + step + links.length) % links.length;
    links[chosen].classList.add("chosen");
    links[chosen].scrollIntoView({ block: "nearest" });
  }

  field.addEventListener("focus", load);
  field.addEventListener("input", () => { load(); show(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      move(event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
    } else if (event.key === "Enter") {
      const links = list.querySelectorAll("a");
      if (links.length > 0) location.href = links[Math.max(chosen, 0)].href;
    } else if (event.key === "Escape") {
      field.value = "";
      show();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) {
      field.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    if (!list.contains(event.target) && event.target !== field) list.hidden = true;
  });
})();
