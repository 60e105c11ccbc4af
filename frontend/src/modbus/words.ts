/** The words of the pages about Modbus devices, fetched with the first of them. */
import { addStrings } from "../i18n";

await addStrings((language) => (language === "ar" ? import("./locale/ar.json") : import("./locale/en.json")));
