// SPDX-License-Identifier: MIT
// A table of any number of rows, of which only those that can be seen are elements. Rows come and go; the chosen one stays
// chosen by its number. Columns sort by a click on their head or by the keys s, S and r.

import {el, setAttribute, setClass, setText} from './dom.js';
import {arrange, keyOf} from './lists.js';

const ROW_PX = 26;
const MORE = 8; // rows above and below what can be seen
const TALL_MAX = 200; // rows of a list whose texts are wrapped, and which are all elements

export class Table {
    constructor(list, open) {
        this.list = list;
        this.open = open;
        this.sorted = list.sorted;
        this.falling = list.falling;
        this.filter = '';
        this.rows = [];
        this.chosen = null;
        this.look = {at: 0, rows: new Map()};
        this.pool = [];
        this.build();
    }

    build() {
        const {list} = this;
        this.heads = list.columns.map((column, index) => {
            const mark = el('span', {class: 'mark', 'aria-hidden': 'true'});
            const button = el('button', {type: 'button', onclick: () => this.sortBy(index)}, column.title, mark);
            return {th: el('th', {scope: 'col', class: column.right ? 'right' : ''}, button), mark};
        });
        const width = list.columns.reduce((sum, column) => sum + (column.width || 240), 0);
        const groups = list.columns.map((column) => {
            const col = el('col');
            if (column.width)
                col.style.width = `${column.width}px`;
            return col;
        });
        this.above = el('tr', {class: 'space', 'aria-hidden': 'true'}, el('td', {colspan: list.columns.length}));
        this.below = el('tr', {class: 'space', 'aria-hidden': 'true'}, el('td', {colspan: list.columns.length}));
        this.body = el('tbody', {}, this.above, this.below);
        this.table = el('table', {role: 'grid', tabindex: '0', 'aria-label': list.title, 'aria-colcount': list.columns.length, class: list.tall ? 'rows tall' : 'rows'},
            el('colgroup', {}, ...groups), el('thead', {}, el('tr', {}, ...this.heads.map((head) => head.th))), this.body);
        this.table.style.minWidth = `${width}px`;
        this.empty = el('p', {class: 'empty', hidden: true});
        this.scroll = el('div', {class: 'scroll'}, this.table, this.empty);
        this.scroll.addEventListener('scroll', () => this.draw(), {passive: true});
        this.body.addEventListener('click', (event) => {
            const line = event.target.closest('tr[data-at]');
            if (line) {
                this.choose(this.rows[Number(line.dataset.at)]);
                this.openChosen();
            }
        });
        new ResizeObserver(() => this.draw()).observe(this.scroll);
    }

    key(row) {
        return keyOf(row.runtime, this.list.id(row));
    }

    // Rows of an answer. Those whose key is `chosen` stay where they are chosen.
    show(all, look) {
        this.all = all;
        this.look = look;
        this.arrange();
    }

    arrange() {
        this.rows = arrange(this.list, this.look, this.all || [], this);
        setAttribute(this.table, 'aria-rowcount', this.rows.length + 1);
        this.empty.hidden = this.rows.length > 0 || !this.all;
        setText(this.empty, this.filter ? `none of them has \u201c${this.filter}\u201d` : `there are no ${this.list.title}`);
        this.draw();
    }

    sortBy(index) {
        this.falling = index === this.sorted ? !this.falling : Boolean(this.list.columns[index].rank);
        this.sorted = index;
        this.arrange();
    }

    sortNext(step) {
        const columns = this.list.columns.length;
        this.sorted = (this.sorted + step + columns) % columns;
        this.arrange();
    }

    reverse() {
        this.falling = !this.falling;
        this.arrange();
    }

    // By what the process is asked to sort, where it has more rows than an answer; undefined: it knows no such order.
    order() {
        const name = this.list.orders[this.list.columns[this.sorted].title];
        return name && (this.falling ? `-${name}` : name);
    }

    index() {
        return this.chosen === null ? -1 : this.rows.findIndex((row) => this.key(row) === this.chosen);
    }

    choose(row) {
        this.chosen = row ? this.key(row) : null;
        this.draw();
    }

    move(step) {
        if (this.rows.length === 0)
            return;
        const chosen = this.index(), from = chosen >= 0 ? chosen : step > 0 ? -1 : this.rows.length;
        const at = Math.max(0, Math.min(this.rows.length - 1, from + step));
        this.reveal(at);
        this.choose(this.rows[at]);
    }

    page() {
        return Math.max(1, Math.floor((this.scroll.clientHeight - this.table.tHead.offsetHeight) / ROW_PX) - 1);
    }

    reveal(at) {
        if (this.list.tall) {
            this.pool[at]?.row.scrollIntoView({block: 'nearest'});
            return;
        }
        const head = this.table.tHead.offsetHeight;
        const top = at * ROW_PX, room = this.scroll.clientHeight - head;
        if (top < this.scroll.scrollTop)
            this.scroll.scrollTop = top;
        else if (top + ROW_PX > this.scroll.scrollTop + room)
            this.scroll.scrollTop = top + ROW_PX - room;
    }

    // The next row that has the text in a cell.
    seek(wanted) {
        const small = wanted.toLowerCase(), from = this.index();
        for (let step = 1; small && step <= this.rows.length; step++) {
            const at = (Math.max(from, -1) + step) % this.rows.length, row = this.rows[at];
            if (!this.list.columns.some((column) => column.text(row, this.look, this.list).toLowerCase().includes(small)))
                continue;
            this.reveal(at);
            this.choose(row);
            return true;
        }
        return false;
    }

    openChosen() {
        const row = this.rows[this.index()];
        const what = row && this.list.opens(row);
        if (what)
            this.open(what.kind || this.list.kind, what.runtime, what.id);
    }

    line() {
        const cells = this.list.columns.map((column) =>
            el(column.head ? 'th' : 'td', column.head ? {scope: 'row'} : {}));
        const row = el('tr', {}, ...cells);
        return {row, cells};
    }

    drawCell(cell, column, row) {
        const text = column.text(row, this.look, this.list);
        setText(cell, text);
        setClass(cell, `${column.right ? 'right ' : ''}${column.bar ? 'bar ' : ''}${column.look ? column.look(row, this.look, this.list) : ''}`);
        setAttribute(cell, 'title', column.width && text.length * 8 < column.width ? null : text);
        if (column.bar)
            cell.style.setProperty('--share', `${Math.round(100 * (column.bar(row, this.look, this.list) || 0))}%`);
    }

    // From the first to the last row, exclusive, that is an element.
    range() {
        if (this.list.tall)
            return [0, Math.min(this.rows.length, TALL_MAX)];
        const first = Math.max(0, Math.min(Math.floor(this.scroll.scrollTop / ROW_PX) - MORE, this.rows.length - 1));
        return [first, Math.min(this.rows.length, first + Math.ceil(this.scroll.clientHeight / ROW_PX) + 2 * MORE)];
    }

    draw() {
        const [first, last] = this.range();
        while (this.pool.length < last - first) {
            const line = this.line();
            this.pool.push(line);
            this.body.insertBefore(line.row, this.below);
        }
        this.above.firstChild.style.height = `${first * ROW_PX}px`;
        this.below.firstChild.style.height = this.list.tall ? '0' : `${(this.rows.length - last) * ROW_PX}px`;
        let active = null;
        this.pool.forEach(({row: line, cells}, place) => {
            const at = first + place;
            line.hidden = at >= last;
            if (line.hidden)
                return;
            const row = this.rows[at], chosen = this.chosen !== null && this.key(row) === this.chosen;
            line.dataset.at = at;
            line.id = `${this.list.title}-${at}`;
            setAttribute(line, 'aria-rowindex', at + 2);
            setAttribute(line, 'aria-selected', chosen);
            active = chosen ? line.id : active;
            cells.forEach((cell, index) => this.drawCell(cell, this.list.columns[index], row));
        });
        setAttribute(this.table, 'aria-activedescendant', active);
        this.heads.forEach(({th, mark}, index) => {
            const sorts = index === this.sorted;
            setAttribute(th, 'aria-sort', sorts ? (this.falling ? 'descending' : 'ascending') : null);
            setText(mark, sorts ? (this.falling ? '\u25bc' : '\u25b2') : '');
        });
    }
}
