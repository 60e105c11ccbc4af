import { beforeEach, describe, expect, it } from "vitest";
import { age, bytes, moment, number, plainNumber, preferred, readNumber, t, useStrings, word } from "../src/i18n";
import ar from "../src/locale/ar.json";
import en from "../src/locale/en.json";

beforeEach(() => useStrings("en", en));

describe("words", () => {
  it("chooses the plural form of the language", () => {
    expect(t("entity_count", { count: 1 })).toBe("1 entity");
    expect(t("entity_count", { count: 2000 })).toBe("2,000 entities");
    useStrings("ar", ar);
    expect(t("entity_count", { count: 2 })).toBe("كيانان");
    expect(t("entity_count", { count: 5 })).toBe("5 كيانات");
  });

  it("makes an unknown value readable", () => {
    expect(word("state", "very_odd")).toBe("Very odd");
    expect(word("preset", "time_program")).toBe("Time program");
  });

  it("says how long ago something was", () => {
    expect(age(1000, 1000 + 90)).toBe("1 minute ago");
    expect(age(1000, 1000 + 7300)).toBe("2 hours ago");
    expect(age(1000, 1000)).toBe("now");
  });

  it("prefers the stored language, then the browser's", () => {
    expect(preferred("ar", ["en-GB"])).toBe("ar");
    expect(preferred(null, ["de", "ar-EG"])).toBe("ar");
    expect(preferred("xx", [])).toBe("en");
  });
});

describe("moments", () => {
  it("are written as in the browser's region, where it speaks the language", () => {
    const at = new Date(2026, 10, 21, 16, 5, 9).getTime() / 1000;
    expect(moment(at)).toBe("Nov 21, 2026, 16:05:09");
    useStrings("en", en, "latn", ["ar-EG", "en-GB"]);
    expect(moment(at)).toBe("21 Nov 2026, 16:05:09");
  });
});

describe("numbers", () => {
  it("say how large something is", () => {
    expect([1, 606, 2_400, 4_400_000].map(bytes)).toEqual(["1 byte", "606 bytes", "2.4 kB", "4.4 MB"]);
  });


  it("are written in the chosen digits", () => {
    expect(number(21.5, 1)).toBe("21.5");
    useStrings("ar", ar, "arab");
    expect(number(21.5, 1)).toBe("٢١٫٥");
  });

  it("are written into fields as they are read back", () => {
    expect(readNumber(plainNumber(1234.5, 1))).toBe(1234.5);
  });

  it.each([
    ["21.5", 21.5],
    ["21,5", 21.5],
    [" ٢١٫٥ ", 21.5],
    ["-3", -3],
    ["−3", -3],
    ["۲۲", 22],
  ])("are read from %s", (typed, value) => expect(readNumber(typed)).toBe(value));

  it.each(["", "warm", "2 1", "1.2.3", "-", "1e5"])("are not read from %j", (typed) => expect(readNumber(typed)).toBeUndefined());
});
