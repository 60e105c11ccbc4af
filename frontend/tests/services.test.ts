import { describe, expect, it } from "vitest";
import { inputsOf, readInputs } from "../src/data/services";

const service = {
  fields: {
    temperature: { name: "Temperature", required: true, selector: { number: { min: 0, max: 250, step: 0.1, unit_of_measurement: "°C" } } },
    range: { fields: { low: { selector: { number: {} } } } },
    mode: { selector: { select: { options: ["heat", { value: "off", label: "Off" }] } } },
    loud: { selector: { boolean: null } },
    names: { selector: { text: { multiple: true } } },
    extra: { selector: { object: {} } },
    bare: {},
  },
};

describe("a service's inputs", () => {
  const inputs = inputsOf(service);

  it("open groups and follow the selectors", () => {
    expect(inputs.map((input) => [input.key, input.kind])).toEqual([
      ["temperature", "number"],
      ["low", "number"],
      ["mode", "select"],
      ["loud", "boolean"],
      ["names", "text"],
      ["extra", "json"],
      ["bare", "text"],
    ]);
    expect(inputs[0]).toMatchObject({ required: true, min: 0, max: 250, step: 0.1, unit: "°C" });
    expect(inputs[2]!.options).toEqual([
      { value: "heat", label: "heat" },
      { value: "off", label: "Off" },
    ]);
  });

  it("are read back as typed data, without the empty ones", () => {
    const typed = { temperature: "21.5", mode: "", loud: "true", names: "a, b", extra: '{"x": [1]}' };
    expect(readInputs(inputs, typed)).toEqual({ temperature: 21.5, loud: true, names: ["a", "b"], extra: { x: [1] } });
  });

  it("refuse broken JSON", () => {
    expect(() => readInputs(inputs, { extra: "{" })).toThrow(SyntaxError);
  });
});
