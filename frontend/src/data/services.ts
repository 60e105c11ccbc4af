/** Service descriptions: which inputs a service needs, and reading them back as data. */
export interface FieldDescription {
  name?: string;
  description?: string;
  required?: boolean;
  example?: unknown;
  default?: unknown;
  selector?: Record<string, Record<string, unknown> | null>;
  fields?: Record<string, FieldDescription>;
}

export interface ServiceDescription {
  name?: string;
  description?: string;
  fields: Record<string, FieldDescription>;
  target?: object;
}

export type Services = Record<string, Record<string, ServiceDescription>>;

export type InputKind = "boolean" | "number" | "select" | "text" | "password" | "date" | "time" | "json";

export interface Input {
  key: string;
  label: string;
  hint: string;
  kind: InputKind;
  required: boolean;
  multiple: boolean;
  min?: number;
  max?: number;
  step?: number;
  unit?: string;
  options: { value: string; label: string }[];
}

const KINDS: Record<string, InputKind> = { boolean: "boolean", number: "number", select: "select", date: "date", time: "time" };
const TEXTS = new Set(["text", "entity", "device", "area", "floor", "label", "icon", "theme", "template", "state", "language", "country"]);

const finite = (value: unknown): number | undefined => (typeof value === "number" && Math.abs(value) < 1e15 ? value : undefined);

/** Turn a service's fields, groups opened, into inputs. */
export function inputsOf(service: ServiceDescription): Input[] {
  const found: Input[] = [];
  for (const [key, field] of Object.entries(service.fields)) {
    if (field.fields) found.push(...inputsOf({ fields: field.fields }));
    else found.push(inputOf(key, field));
  }
  return found;
}

function inputOf(key: string, field: FieldDescription): Input {
  const [name = "text", config] = Object.entries(field.selector ?? {})[0] ?? [];
  const settings = config ?? {};
  let kind: InputKind = KINDS[name] ?? (TEXTS.has(name) ? "text" : "json");
  if (name === "text" && settings.type === "password") kind = "password";
  const options = ((settings.options as unknown[]) ?? []).map((each) =>
    typeof each === "string" ? { value: each, label: each } : (each as { value: string; label: string }),
  );
  return {
    key,
    label: field.name ?? key,
    hint: field.description ?? "",
    kind,
    required: field.required === true,
    multiple: settings.multiple === true,
    min: finite(settings.min),
    max: finite(settings.max),
    step: finite(settings.step),
    unit: typeof settings.unit_of_measurement === "string" ? settings.unit_of_measurement : undefined,
    options,
  };
}

/** Read what was typed as service data; empty inputs are left out. Throws SyntaxError for bad JSON. */
export function readInputs(inputs: readonly Input[], typed: Readonly<Record<string, string>>): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const input of inputs) {
    const text = typed[input.key];
    if (text === undefined || text === "") continue;
    data[input.key] = readOne(input, text);
  }
  return data;
}

function readOne(input: Input, text: string): unknown {
  if (input.kind === "boolean") return text === "true";
  if (input.kind === "number") return Number(text);
  if (input.kind === "json") return JSON.parse(text);
  return input.multiple ? text.split(",").map((each) => each.trim()) : text;
}
