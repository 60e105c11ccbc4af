/** A form being filled in: one node per field, made from a spec and read back as one. */
import { number, readNumber, t } from "../i18n";
import { constantOf, optionsOf, type Field, type FieldType } from "./fields";
import { IDENTITIES, SEALED, isPlain, isSealed, same, type Plain } from "./values";

interface Base {
  /** Names the control in the document. */
  readonly id: string;
  field: Field;
  /** What is wrong with what was typed. */
  problem?: string;
}

/** A field with one control; what was typed stays as it is until the form is read. */
export interface Leaf extends Base {
  kind: "leaf";
  typed: string;
  touched: boolean;
  /** The value the form began with. */
  readonly given: unknown;
  /** True when a secret that is set shall be removed. */
  cleared?: boolean;
}

export interface ObjectNode extends Base {
  kind: "object";
  /** False while an optional object is left out. */
  present: boolean;
  children: Node[];
  /** Keys chosen freely, in order. */
  entries: Entry[];
  /** What the spec holds beyond the form; it is kept. */
  readonly rest: Plain;
}

export interface Entry {
  readonly id: string;
  key: string;
  node: Node;
  problem?: string;
}

export interface ListNode extends Base {
  kind: "list";
  present: boolean;
  items: Node[];
}

/** A field that may be one of several things; what was typed for the others is kept. */
export interface ChoiceNode extends Base {
  kind: "choice";
  chosen: number;
  nodes: Node[];
}

export type Node = Leaf | ObjectNode | ListNode | ChoiceNode;

const DEEP: ReadonlySet<FieldType> = new Set(["any", "list", "object"]);

let last = 0;
const nextId = (): string => `f${(last += 1)}`;

/** Make the node of a field; `value` undefined = the spec does not have it. */
export function build(field: Field, value: unknown): Node {
  const id = nextId();
  if (field.any_of?.length) {
    const chosen = value === undefined ? 0 : field.any_of.findIndex((each) => matches(each, value));
    if (chosen >= 0) return buildChoice(id, field, field.any_of, chosen, value);
  }
  if (field.type === "object" && (field.fields || field.item) && (value === undefined || isPlain(value))) {
    return buildObject(id, field, value);
  }
  if (field.type === "list" && field.item && (value === undefined || Array.isArray(value))) {
    const { item } = field;
    const items = (value ?? []).map((each: unknown) => build(item, each));
    // What must have something begins with a place to write it.
    if (value === undefined && field.required && field.default === undefined && !DEEP.has(item.type)) items.push(build(item, undefined));
    return { kind: "list", id, field, present: value !== undefined, items };
  }
  const shaped = fits(field, value) ? field : { ...field, type: "any" as const };
  return { kind: "leaf", id, field: shaped, typed: textOf(shaped, value), touched: false, given: value };
}

/** Make the node of a whole spec. */
export function buildForm(fields: Field[], spec: Plain): ObjectNode {
  return buildObject(nextId(), { name: "", type: "object", required: true, fields }, spec);
}

function buildChoice(id: string, field: Field, alternatives: Field[], chosen: number, value: unknown): ChoiceNode {
  const { name, description, required } = field;
  const nodes = alternatives.map((each, index) => {
    const constant = constantOf(each);
    const fields = each.fields?.map((one) => (one === constant ? { ...one, required: true } : one));
    const whole = { ...each, ...(fields ? { fields } : {}), name, description: each.description ?? description, required };
    return build(whole, index === chosen ? value : undefined);
  });
  return { kind: "choice", id, field, chosen, nodes };
}

/** Tell whether a value is what an alternative describes. */
function matches(field: Field, value: unknown): boolean {
  if (field.type === "list") return Array.isArray(value);
  if (field.type === "object") {
    const constant = constantOf(field);
    return isPlain(value) && !isSealed(value) && (!constant || optionsOf(constant).some((each) => each.value === value[constant.name ?? ""]));
  }
  if (field.type === "select") return optionsOf(field).some((each) => each.value === value);
  return fits(field, value) && (field.type !== "integer" || Number.isInteger(value));
}

function buildObject(id: string, field: Field, value: Plain | undefined): ObjectNode {
  const known = field.fields ?? [];
  const others = Object.entries(value ?? {}).filter(([key]) => !known.some((each) => each.name === key));
  const { item } = field;
  return {
    kind: "object",
    id,
    field,
    present: value !== undefined || field.required === true,
    children: known.map((each) => build(each, value?.[each.name ?? ""])),
    entries: item ? others.map(([key, each]) => ({ id: nextId(), key, node: build(item, each) })) : [],
    rest: item ? {} : Object.fromEntries(others),
  };
}

/** Tell whether a control of the field's type can hold the value. */
function fits(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return field.type !== "object" && field.type !== "list";
  switch (field.type) {
    case "integer":
    case "float":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "secret":
      return typeof value === "string" || isSealed(value);
    case "string":
    case "reference":
      return typeof value === "string";
    default:
      return field.type === "select" || field.type === "any";
  }
}

function textOf(field: Field, value: unknown): string {
  if (value === undefined || value === null || isSealed(value)) return "";
  if (field.type === "select") return JSON.stringify(value);
  if (field.type === "any" || typeof value === "object") return JSON.stringify(value, null, 2);
  return String(value);
}

/** Say that a node is to be there, even when it stays empty. */
export function present(node: Node): Node {
  if (node.kind === "object" || node.kind === "list") node.present = true;
  else if (node.kind === "choice") node.nodes.forEach(present);
  return node;
}

/** Add a new last item to a list. */
export function addItem(list: ListNode): Node {
  const node = present(build(list.field.item!, undefined));
  list.present = true;
  list.items.push(node);
  return node;
}

/** Move an item of a list by one place; false when it is already at the end. */
export function moveItem(list: ListNode, index: number, by: -1 | 1): boolean {
  const other = index + by;
  if (other < 0 || other >= list.items.length) return false;
  [list.items[index], list.items[other]] = [list.items[other]!, list.items[index]!];
  return true;
}

/** Add a free key, still without a name. */
export function addEntry(object: ObjectNode): Entry {
  const node = present(build(object.field.item!, undefined));
  const entry = { id: nextId(), key: "", node };
  object.present = true;
  object.entries.push(entry);
  return entry;
}

/** Tell whether a node holds anything beyond what holds when it is left empty. */
export function isSet(node: Node): boolean {
  if (node.kind === "leaf") return node.typed !== "" && !same(readLeaf(node, false, () => undefined), node.field.default);
  if (node.kind === "list") return node.items.length > 0;
  if (node.kind === "choice") return node.nodes.some(isSet);
  return node.children.some(isSet) || node.entries.length > 0 || Object.keys(node.rest).length > 0;
}

/** Tell whether something is wrong in a node or below it. */
export function isWrong(node: Node): boolean {
  if (node.problem) return true;
  if (node.kind === "leaf") return false;
  if (node.kind === "list") return node.items.some(isWrong);
  if (node.kind === "choice") return node.nodes.some(isWrong);
  return node.children.some(isWrong) || node.entries.some((each) => each.problem !== undefined || isWrong(each.node));
}

type Tell = (holder: { problem?: string }, problem?: string) => void;

const note: Tell = (holder, problem) => {
  if (problem === undefined) delete holder.problem;
  else holder.problem = problem;
};

/** Read a whole form; nodes with mistakes get their `problem`. */
export function read(root: ObjectNode): Plain {
  return (readObject(root, note) ?? {}) as Plain;
}

/** Return what the form would be read as, without complaining. */
export function peek(root: ObjectNode): Plain {
  return (readObject(root, () => undefined) ?? {}) as Plain;
}

/** Read one node; undefined = leave it out. */
function readNode(node: Node, required: boolean, tell: Tell): unknown {
  if (node.kind === "object") return readObject(node, tell);
  if (node.kind === "leaf") return readLeaf(node, required, tell);
  tell(node);
  if (node.kind === "choice") return readNode(node.nodes[node.chosen]!, required, tell);
  return node.present || node.items.length ? node.items.map((item) => readNode(item, true, tell)) : undefined;
}

function readObject(node: ObjectNode, tell: Tell): Plain | undefined {
  tell(node);
  const found: Plain = { ...node.rest };
  for (const child of node.children) {
    const value = readNode(child, child.field.required === true && node.present, tell);
    if (value !== undefined) found[child.field.name ?? ""] = value;
  }
  for (const entry of node.entries) {
    tell(entry, entry.key ? (entry.key in found ? t("form_key_twice") : undefined) : t("fill_in"));
    found[entry.key] = readNode(entry.node, true, tell);
  }
  return node.present || Object.keys(found).length ? found : undefined;
}

function readLeaf(node: Leaf, required: boolean, tell: Tell): unknown {
  tell(node);
  const { field, typed } = node;
  if (!node.touched && node.given !== undefined) return node.given;
  // What tells alternatives apart has one value only.
  if (typed === "" && required && field.type === "select" && field.options?.length === 1) return optionsOf(field)[0]!.value;
  if (typed === "") {
    if (field.type === "secret" && isSealed(node.given)) return node.cleared ? undefined : { ...SEALED };
    if (field.type === "string" && node.given === "") return "";
    if (required && field.default === undefined) tell(node, t("fill_in"));
    return undefined;
  }
  switch (field.type) {
    case "integer":
    case "float":
      return readFigure(node, tell);
    case "boolean":
      return typed === "true";
    case "select":
    case "any":
      return readJson(node, tell);
    default:
      return typed;
  }
}

function readFigure(node: Leaf, tell: Tell): unknown {
  const { type, min = -Infinity, max = Infinity, exclusive_min, exclusive_max } = node.field;
  const value = readNumber(node.typed);
  if (value === undefined) tell(node, t("form_number", { typed: node.typed }));
  else if (type === "integer" && !Number.isInteger(value)) tell(node, t("form_whole", { typed: node.typed }));
  else if (value < min || value > max || (exclusive_min && value === min) || (exclusive_max && value === max)) tell(node, rangeOf(node.field));
  return value ?? node.typed;
}

function readJson(node: Leaf, tell: Tell): unknown {
  try {
    return JSON.parse(node.typed);
  } catch (error) {
    tell(node, t("form_json", { reason: (error as Error).message }));
    return node.typed;
  }
}

/** Say which numbers a field takes; empty when any. */
export function rangeOf({ min, max, exclusive_min }: Field): string {
  if (min !== undefined && max === undefined && exclusive_min) return t("form_above", { min: number(min) });
  if (min !== undefined && max !== undefined) return t("form_range", { min: number(min), max: number(max) });
  if (min !== undefined) return t("form_min", { min: number(min) });
  return max === undefined ? "" : t("form_max", { max: number(max) });
}

/** Say what holds when a field is left empty. */
export function defaultOf(field: Field): string {
  const value = field.default;
  if (value === undefined || value === null || value === "" || typeof value === "object") return "";
  return optionsOf(field).find((each) => each.value === value)?.label ?? String(value);
}

/** A mistake and where it is; `label` names the field for the summary. */
export interface Mistake {
  id: string;
  label: string;
  problem: string;
}

/** Return all mistakes in the order of the form. */
export function mistakes(node: Node, label: (node: Node, above: string) => string, above = ""): Mistake[] {
  const own = label(node, above);
  const found: Mistake[] = node.problem ? [{ id: node.id, label: own, problem: node.problem }] : [];
  if (node.kind === "object") {
    for (const child of node.children) found.push(...mistakes(child, label, own));
    for (const entry of node.entries) {
      if (entry.problem) found.push({ id: entry.id, label: own, problem: entry.problem });
      found.push(...mistakes(entry.node, label, [own, entry.key].filter(Boolean).join(" › ")));
    }
  } else if (node.kind === "choice") {
    found.push(...mistakes(node.nodes[node.chosen]!, label, above));
  } else if (node.kind === "list") {
    node.items.forEach((item, index) => found.push(...mistakes(item, label, `${own} ${number(index + 1)}`)));
  }
  return found;
}

/** Put a problem that the hub found at the node that its path names, as deep as the form goes. */
export function place(root: ObjectNode, path: string, message: string): void {
  const { node, rest } = descend(root, path);
  const told = rest ? `${rest}: ${message}` : message;
  node.problem = node.problem ? `${node.problem} ${told}` : told;
}

function descend(node: Node, path: string): { node: Node; rest: string } {
  if (node.kind === "choice") return descend(node.nodes[node.chosen]!, path);
  for (const [name, next] of below(node)) {
    if (path === name) return { node: next, rest: "" };
    if (path.startsWith(`${name}.`)) return descend(next, path.slice(name.length + 1));
  }
  return { node, rest: path };
}

/** Return what is below a node by the names that paths may give it, longest first. */
function below(node: Node): [string, Node][] {
  const found: [string, Node][] = [];
  if (node.kind === "object") {
    for (const child of node.children) found.push([child.field.name ?? "", child]);
    for (const entry of node.entries) found.push([entry.key, entry.node]);
  } else if (node.kind === "list") {
    node.items.forEach((item, index) => found.push([String(index), item], ...identities(item).map((name): [string, Node] => [name, item])));
  }
  return found.sort(([one], [other]) => other.length - one.length);
}

function identities(item: Node): string[] {
  if (item.kind === "choice") return identities(item.nodes[item.chosen]!);
  if (item.kind !== "object") return [];
  const typed = item.children.flatMap((child) => (child.kind === "leaf" && child.typed ? [`${child.field.name}=${child.typed}`] : []));
  return typed.filter((each) => IDENTITIES.some((name) => each.startsWith(`${name}=`)));
}
