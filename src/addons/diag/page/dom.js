// SPDX-License-Identifier: MIT
// Elements made of names and texts. Whatever a process is called becomes text and never markup: nothing here, and nothing in
// the other files, parses HTML (the page's policy forbids it, too).

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) {
        if (value === null || value === undefined || value === false)
            continue;
        if (name.startsWith('on'))
            node.addEventListener(name.slice(2), value);
        else
            node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// What is the same is not touched: a table of a thousand rows that did not change costs nothing.
export function setText(node, text) {
    if (node.textContent !== text)
        node.textContent = text;
}

export function setClass(node, text) {
    if (node.getAttribute('class') !== text)
        node.setAttribute('class', text);
}

export function setAttribute(node, name, value) {
    if (value === null || value === undefined || value === false)
        node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value))
        node.setAttribute(name, value);
}
