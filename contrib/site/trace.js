// SPDX-License-Identifier: Apache-2.0
// Draws a file of `ocifp --trace` as a waterfall.  In a page, the file that is chosen there, which stays in
// the browser; under node, for the tests: node trace.js FILE writes the drawing.
'use strict';

const width = 1000, names = 330, rowHeight = 18, top = 24;

// An interrupted run leaves no closing bracket.
function parse(text) {
	const whole = text.trimEnd().replace(/,$/, '');
	if (!whole.startsWith('['))
		throw new Error('expected an array of trace events');
	return JSON.parse(whole.endsWith(']') ? whole : whole + ']');
}

// One row for each thread of the trace, in the order in which they begin; a span before those inside it.
function rowsOf(events) {
	const rows = new Map(), titles = new Map();
	for (const event of events)
		if (event.name === 'thread_name')
			titles.set(event.tid, event.args.name);
	for (const event of events.filter(e => e.ph === 'X').sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
		if (!rows.has(event.tid))
			rows.set(event.tid, { title: String(titles.get(event.tid) ?? event.tid), spans: [] });
		rows.get(event.tid).spans.push(event);
	}
	return [...rows.values()];
}

function escape(text) {
	return String(text).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '\ufffd')
		.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
}

function duration(us) {
	return us < 1e3 ? `${us} µs` : us < 1e6 ? `${(us / 1e3).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

// The end of a name says more than its beginning, which is the registry's for all.
function shorten(text) {
	return text.length <= 46 ? text : '…' + text.slice(-45);
}

function waterfall(events) {
	const rows = rowsOf(events);
	const end = rows.reduce((most, row) => row.spans.reduce((m, s) => Math.max(m, s.ts + s.dur), most), 1);
	const x = us => names + us / end * (width - names);
	const height = top + rows.length * rowHeight;
	const out = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" class="trace">`];
	for (let i = 0; i <= 4; i++)
		out.push(`<line x1="${x(end * i / 4)}" x2="${x(end * i / 4)}" y1="${top - 6}" y2="${height}"/>`,
			`<text x="${x(end * i / 4)}" y="12" text-anchor="${i < 4 ? 'start' : 'end'}">` +
			`${duration(Math.round(end * i / 4))}</text>`);
	rows.forEach((row, i) => {
		const y = top + i * rowHeight;
		out.push(`<text x="0" y="${y + 13}"><title>${escape(row.title)}</title>${escape(shorten(row.title))}</text>`);
		for (const span of row.spans)
			out.push(`<rect class="${escape(span.name)}" x="${x(span.ts).toFixed(2)}" y="${y + 3}" height="12" ` +
				`width="${Math.max(x(span.ts + span.dur) - x(span.ts), 0.5).toFixed(2)}"><title>` +
				`${escape(`${span.name} ${duration(span.dur)} at ${duration(span.ts)}: ${span.args?.what ?? ''}`)}` +
				'</title></rect>');
	});
	out.push('</svg>');
	return out.join('\n');
}

if (typeof document === 'undefined') {
	const text = require('fs').readFileSync(process.argv[2], 'utf8');
	console.log(waterfall(parse(text)));
} else {
	document.getElementById('file').addEventListener('change', async event => {
		const drawing = document.getElementById('drawing');
		try {
			const svg = waterfall(parse(await event.target.files[0].text()));
			drawing.replaceChildren(new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement);
		} catch (error) {
			drawing.textContent = `This is no trace of ocifp: ${error.message}`;
		}
	});
}
