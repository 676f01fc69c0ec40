// Parts of a page fetched from the server, which alone writes HTML, and put in place without
// disturbing what did not change.

/** Fetches `url` with `fragment=name` and returns it as a document fragment. */
export async function fetchFragment(url, name, { timeoutMs = 8000 } = {}) {
  const address = new URL(url, location.href);
  address.searchParams.set("fragment", name);
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(timeoutMs) });
  if (!answer.ok) throw new Error(`${address.pathname} answered ${answer.status}`);
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content;
}

/** Puts each `[data-part]` of `incoming` in the place of its namesake, where it differs. */
export function replaceParts(incoming) {
  for (const part of incoming.querySelectorAll("[data-part]")) {
    const place = document.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!place) continue;
    if (part.hasAttribute("data-keyed")) reconcile(place, part);
    else if (place.innerHTML !== part.innerHTML) place.innerHTML = part.innerHTML;
  }
}

/**
 * Makes the children of `list` those of `incoming`, keeping a node whose id and version are the same,
 * so that focus and open details survive.
 * @returns {Element[]} children whose id was not there before
 */
export function reconcile(list, incoming) {
  const standing = new Map([...list.children].map((node) => [node.id, node]));
  const arrived = [];
  const wanted = [...incoming.children].map((node) => {
    const known = standing.get(node.id);
    if (known && known.dataset.version === node.dataset.version) return known;
    if (!known && node.id) arrived.push(node);
    return node;
  });
  const keep = new Set(wanted);
  for (const node of [...list.children]) if (!keep.has(node)) node.remove();
  wanted.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  return arrived;
}
