/** A form as the hub describes it: what may be typed where. */

export type FieldType = "string" | "integer" | "float" | "boolean" | "select" | "secret" | "reference" | "list" | "object" | "any";

export interface Field {
  /** Missing on what a list repeats and on alternatives. */
  name?: string;
  type: FieldType;
  required?: boolean;
  default?: unknown;
  description?: string;
  min?: number;
  max?: number;
  exclusive_min?: boolean;
  exclusive_max?: boolean;
  max_length?: number;
  unit?: string;
  options?: readonly unknown[];
  reference_type?: string;
  /** Names that need no resource, because the integration brings them. */
  shipped?: readonly string[];
  /** Named fields of an object. */
  fields?: Field[];
  /** What a list repeats; on an object, what its free keys hold. */
  item?: Field;
  /** What `any` may be, when the hub knows that much. */
  any_of?: Field[];
  multiline?: boolean;
  /** Few people need it. */
  advanced?: boolean;
}

export interface Option {
  value: unknown;
  label: string;
}

/** Return the choices of a field; the hub gives plain values or values with labels. */
export function optionsOf(field: Field): Option[] {
  return (field.options ?? []).map((each) => {
    if (typeof each === "object" && each !== null && "value" in each) {
      const { value, label } = each as { value: unknown; label?: string };
      return { value, label: label ?? String(value) };
    }
    return { value: each, label: String(each) };
  });
}

/** Words that are written in a way of their own. */
const WORDS: Record<string, string> = {
  acme: "ACME", ca: "CA", cpu: "CPU", dns: "DNS", eab: "EAB", hsts: "HSTS", http: "HTTP", http2: "HTTP/2", http3: "HTTP/3", https: "HTTPS", id: "ID", ip: "IP",
  mqtt: "MQTT", nginx: "nginx", ssl: "SSL", tcp: "TCP", tls: "TLS", ttl: "TTL", udp: "UDP", url: "URL",
};

/** Make a field's name readable. */
export function labelOf(name = ""): string {
  const words = name.split("_").filter(Boolean).map((word) => WORDS[word] ?? word);
  // What a reference names is the thing, not its id.
  if (words.length > 1 && words.at(-1) === "ID") words.pop();
  const text = words.join(" ");
  return words[0] === "nginx" ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Name one of several things that a field may be: by the value that tells it apart, else by its type. */
export function kindOf(field: Field, typeWord: (type: FieldType) => string): string {
  const constant = constantOf(field);
  if (constant) return optionsOf(constant)[0]!.label;
  return field.type === "select" && field.options?.length === 1 ? optionsOf(field)[0]!.label : typeWord(field.type);
}

/** Return the field of an object that can have one value only. */
export function constantOf(field: Field): Field | undefined {
  return field.type === "object" ? field.fields?.find((each) => each.type === "select" && each.options?.length === 1) : undefined;
}
