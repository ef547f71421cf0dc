// SPDX-License-Identifier: BSD-2-Clause
// A browser that is told what to do: one JSON object a line on standard input,
// one answer a line on standard output. Each command is a function below; an
// answer is {"ok": VALUE} or {"error": TEXT}. See harness/browser.py.
"use strict";

const fs = require("fs");
const path = require("path");
const readline = require("readline");

const modules = process.argv[2];
const { chromium } = require(path.join(modules, "playwright-core"));
const axe = fs.readFileSync(path.join(modules, "axe-core", "axe.min.js"), "utf8");

const TIMEOUT_MS = 20000;
let browser;
let context;
let page;
let problems = [];

async function newPage({ lang, script, width, dark, headers }) {
	if (context) await context.close();
	problems = [];
	context = await browser.newContext({
		locale: lang || "en-US",
		javaScriptEnabled: script !== false,
		viewport: { width: width || 1000, height: 900 },
		colorScheme: dark ? "dark" : "light",
		ignoreHTTPSErrors: true,
		extraHTTPHeaders: headers || {},
	});
	context.setDefaultTimeout(TIMEOUT_MS);
	page = await context.newPage();
	page.on("console", (m) => {
		// That a form has faults is told by its status, too (422).
		if (m.type() === "error" && !m.text().includes("a status of 422"))
			problems.push(m.text());
	});
	// Or the first dialogue for files would be one of the system.
	page.on("filechooser", () => {});
	page.on("pageerror", (e) => problems.push(String(e)));
}

const commands = {
	start: async () => {
		browser = await chromium.launch({
			executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
			args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
		});
		return browser.version();
	},
	page: newPage,
	open: async ({ url }) => {
		const answer = await page.goto(url, { waitUntil: "load" });
		return answer ? answer.status() : 0;
	},
	where: async () => page.url(),
	title: async () => page.title(),
	text: async ({ at }) => page.locator(at || "body").first().innerText(),
	count: async ({ at }) => page.locator(at).count(),
	attribute: async ({ at, name }) => page.locator(at).first().getAttribute(name),
	fill: async ({ at, value }) => page.locator(at).first().fill(value),
	value: async ({ at }) => page.locator(at).first().inputValue(),
	check: async ({ at }) => page.locator(at).first().check(),
	// Clicks what leads to another page, and waits for it.
	go: async ({ at }) => {
		await Promise.all([
			page.waitForNavigation({ waitUntil: "load" }),
			page.locator(at).first().click(),
		]);
		return page.url();
	},
	reload: async () => (await page.reload({ waitUntil: "load" })).status(),
	press: async ({ key }) => page.keyboard.press(key),
	// Enter or Space on what has the focus, where that leads to another page.
	pressGo: async ({ key }) => {
		await Promise.all([
			page.waitForNavigation({ waitUntil: "load" }),
			page.keyboard.press(key),
		]);
		return page.url();
	},
	// A key that opens the dialogue of a field for files, and what is chosen.
	choose: async ({ key, file }) => {
		const [dialogue] = await Promise.all([
			page.waitForEvent("filechooser"),
			page.keyboard.press(key),
		]);
		await dialogue.setFiles(file);
	},
	type: async ({ text }) => page.keyboard.type(text),
	// What has the focus, and whether a person sees that it has.
	focus: async () => page.evaluate(() => {
		const e = document.activeElement;
		const s = getComputedStyle(e);
		const r = e.getBoundingClientRect();
		return {
			tag: e.tagName.toLowerCase(),
			id: e.id,
			name: e.getAttribute("name") || "",
			text: (e.innerText || e.value || "").trim().slice(0, 80),
			href: e.getAttribute("href") || "",
			outline: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0,
			seen: r.width > 0 && r.height > 0 && r.top < innerHeight && r.bottom > 0,
		};
	}),
	links: async () => page.evaluate(() =>
		Array.from(document.querySelectorAll("a[href]"), (a) => a.href)),
	// Does anything stick out of the window?
	overflow: async () => page.evaluate(() =>
		document.documentElement.scrollWidth - document.documentElement.clientWidth),
	// Smaller than 24 by 24 CSS pixels, and not within a sentence (WCAG 2.5.8).
	small: async () => page.evaluate(() =>
		Array.from(document.querySelectorAll("a, button, input, select, textarea"))
			.filter((e) => {
				const r = e.getBoundingClientRect();
				if (r.width === 0 || r.height === 0) return false;
				if (e.closest("p, dd, td, li, dt") && e.tagName === "A") return false;
				if (e.closest(".hidden, [hidden]")) return false;
				return r.width < 24 || r.height < 24;
			})
			.map((e) => `${e.tagName} ${e.id || e.innerText || e.name}`)),
	// The page's own policy forbids eval, so the source goes in by itself.
	axe: async () => {
		await page.evaluate(axe);
		return page.evaluate(async () => {
		const found = await window.axe.run(document, {
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
				"best-practice"],
		});
		return found.violations.map((v) => ({
			id: v.id,
			help: v.help,
			nodes: v.nodes.map((n) => n.target.join(" ") + ": " +
				(n.failureSummary || "").replace(/\s+/g, " ")).slice(0, 5),
		}));
		});
	},
	screenshot: async ({ file }) => {
		await page.screenshot({ path: file, fullPage: true });
	},
	pdf: async ({ file }) => {
		await page.pdf({ path: file, format: "A4",
			margin: { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" } });
	},
	problems: async () => problems,
	html: async () => page.content(),
	stop: async () => {
		if (browser) await browser.close();
	},
};

async function run() {
	const lines = readline.createInterface({ input: process.stdin });

	for await (const line of lines) {
		const { do: name, ...rest } = JSON.parse(line);
		let answer;

		try {
			const value = await commands[name](rest);
			answer = { ok: value === undefined ? null : value };
		} catch (e) {
			answer = { error: `${name}: ${e.message || e}` };
		}
		process.stdout.write(JSON.stringify(answer) + "\n");
		if (name === "stop") break;
	}
	process.exit(0);
}

run();
