/**
 * Reads the hosts of a job, in a file (`host slots=N` or `host:N`, a line each) or in a list (`a:2,b:2`):
 * text to data, no look-up.
 */
import { isIPv6 } from "node:net";
import { MAXIMUM_RANKS } from "../base/config.ts";
import { InputError } from "../base/errors.ts";
import { readSmallFile } from "../base/small-file.ts";

/** A host as the user wrote it. Different spellings are different hosts, also where they lead to one machine. */
export interface Host {
  /** A name, an IPv4 or an IPv6 address, the last without its brackets. */
  readonly name: string;
  /** Whom ssh shall be there; null: as ssh is configured. */
  readonly user: string | null;
  /** Ranks that may run there. */
  readonly slots: number;
}

export const LONGEST_FILE_BYTES = 4 << 20;
export const LONGEST_LINE = 1000;
const LONGEST_NAME = 253;
const LONGEST_USER = 64;
/** Nothing that ssh takes for an option, or a shell for anything but a word. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** How a source of hosts is written, for complaints about it. */
interface Dialect {
  readonly forms: string;
  readonly slots: string;
}

const FILE: Dialect = {
  forms: "write host slots=N or host:N, such as node1 slots=4; an IPv6 address with slots is [::1]:4",
  slots: "slots=4",
};
const LIST: Dialect = {
  forms: "write host:N, such as node1:4; an IPv6 address with slots is [::1]:4",
  slots: "node1:4",
};

/** Throws an InputError that names file and line. Without slots a host has one. */
export function readHostfile(path: string): Host[] {
  return parseHostfile(readSmallFile(path, LONGEST_FILE_BYTES, "a hostfile"), path);
}

/** `name` is what the lines are counted of, in complaints. */
export function parseHostfile(text: string, name: string): Host[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const entries = lines.map((line, index) => ({
    text: line.replace(/\r$/, ""),
    place: `${name}:${index + 1}`,
    short: `${name}:${index + 1}`,
    dialect: FILE,
  }));
  return parseEntries(entries, name, FILE);
}

/** "a:2,b:2", as after --hosts; `name` is how the user finds it again. */
export function parseHostList(list: string, name: string): Host[] {
  const items = list.split(",");
  return parseEntries(
    items.map((text, index) => {
      const short = `host ${index + 1}`;
      return { text, place: items.length === 1 ? name : `${name}: ${short}`, short, dialect: LIST };
    }),
    name,
    LIST,
  );
}

/** The list that reads back to these hosts. */
export function formatHostList(hosts: readonly Host[]): string {
  return hosts.map((host) => `${spelling(host)}:${host.slots}`).join(",");
}

/** "user@name", with brackets round an IPv6 address. */
export function spelling({ name, user }: Omit<Host, "slots">): string {
  return `${user === null ? "" : `${user}@`}${name.includes(":") ? `[${name}]` : name}`;
}

interface Entry {
  readonly text: string;
  readonly place: string;
  /** The place, for who has said before where to look. */
  readonly short: string;
  readonly dialect: Dialect;
}

function parseEntries(entries: readonly Entry[], name: string, dialect: Dialect): Host[] {
  const hosts: Host[] = [];
  const places = new Map<string, string>();
  for (const entry of entries) {
    const host = parseEntry(entry);
    if (host === null && dialect === LIST) throw wrong(entry, "a host is missing between two commas");
    if (host === null) continue;
    const key = host.name.toLowerCase();
    const before = places.get(key);
    if (before !== undefined) throw repeated(entry, host.name, before);
    places.set(key, entry.short);
    hosts.push(host);
  }
  if (hosts.length === 0) throw new InputError("no-hosts", `${name} names no host`, dialect.forms);
  const ranks = hosts.reduce((sum, { slots }) => sum + slots, 0);
  if (ranks <= MAXIMUM_RANKS) return hosts;
  throw new InputError(
    "too-many-ranks",
    `${name} has ${ranks} slots, a job at most ${MAXIMUM_RANKS} ranks`,
    "name fewer hosts or slots",
  );
}

/** Null for a line without a host: blank, or a comment. */
function parseEntry(entry: Entry): Host | null {
  const { text: line } = entry;
  if (line.length > LONGEST_LINE) {
    throw wrong(entry, `the line has ${line.length} characters, more than ${LONGEST_LINE}`);
  }
  const control = [...line].find((character) => character !== "\t" && /\p{Cc}/u.test(character));
  if (control !== undefined) throw wrong(entry, `${shown(control)} is a control character`);
  const [spelled, ...words] = line
    .replace(/(#|\/\/).*$/, "")
    .trim()
    .split(/[ \t]+/);
  if (spelled === "") return null;
  const { host, slots } = parseHost(spelled, entry);
  const stated = words.map((word) => parseSlots(word, entry));
  if (slots !== null) stated.unshift(slots);
  if (stated.length > 1) throw wrong(entry, "the slots are given twice");
  return { ...host, slots: stated[0] ?? 1 };
}

/** `user@host`, `host:N`, `[::1]:N`; an address like ::1 has colons of its own, and no slots. */
function parseHost(
  spelled: string,
  entry: Entry,
): { host: { name: string; user: string | null }; slots: number | null } {
  const at = spelled.indexOf("@");
  const user = at === -1 ? null : spelled.slice(0, at);
  if (user !== null && (!USER.test(user) || user.length > LONGEST_USER))
    throw wrong(entry, `${shown(user)} is not a user's name`);
  const rest = spelled.slice(at + 1);
  const [, bracketed, plain, count] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(rest) ?? [];
  const name = bracketed ?? plain ?? rest;
  const isName = bracketed === undefined && NAME.test(name) && name.length <= LONGEST_NAME;
  if (!isName && !isAddress(name)) throw wrong(entry, `${shown(rest)} is not the name of a host`);
  return { host: { name, user }, slots: count === undefined ? null : slotCount(count, entry) };
}

/** Without a zone: "%eth0" means something else on every machine. */
function isAddress(name: string): boolean {
  return isIPv6(name) && !name.includes("%");
}

function parseSlots(word: string, entry: Entry): number {
  const [, count] = /^slots=(.*)$/.exec(word) ?? [];
  if (count === undefined) throw wrong(entry, `${shown(word)} is not slots=N`, fixOf(word));
  return slotCount(count, entry);
}

/** What is known of other dialects of a hostfile, and of a slip; undefined for the forms there are. */
function fixOf(word: string): string | undefined {
  if (word.startsWith("max_slots=")) return "remove it: slots=N alone says how many ranks may run there";
  return word === "slots" || word === "=" ? "write slots=N without spaces" : undefined;
}

function slotCount(text: string, { place, dialect }: Entry): number {
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAXIMUM_RANKS) return count;
  throw new InputError(
    "bad-slots",
    `${place}: expected an integer from 1 to ${MAXIMUM_RANKS} as the number of slots, found ${shown(text)}`,
    `give the number of ranks that may run there, such as ${dialect.slots}`,
  );
}

function repeated({ place, dialect }: Entry, name: string, before: string): InputError {
  return new InputError(
    "same-host-twice",
    `${place}: ${name} is there already, ${dialect === LIST ? "as" : "at"} ${before}`,
    "add its slots up in one place; localhost and 127.0.0.1 make two hosts of one machine",
  );
}

function wrong({ place, dialect }: Entry, what: string, fix = dialect.forms): InputError {
  return new InputError("bad-hosts", `${place}: ${what}`, fix);
}

/** Quoted, so that nothing in it reaches the terminal as it is. */
function shown(text: string): string {
  const quoted = JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return quoted.length > 60 ? `${quoted.slice(0, 57)}…` : quoted;
}
