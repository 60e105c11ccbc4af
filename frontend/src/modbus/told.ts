/** What the services of Modbus devices tell; null is not known, never 0. */
import { hub } from "../hub";

export type Quality = "good" | "stale" | "none";
export type Table = "coil" | "discrete" | "input" | "holding";
export type Value = boolean | number | string | string[];

export interface Register {
  key: string;
  name: string;
  table: Table;
  /** As on the wire, from 0. */
  address: number;
  words: number;
  type: string;
  raw: number[] | null;
  value: Value | null;
  unit: string | null;
  at: number | null;
  /** Seconds, when it was told. */
  age: number | null;
  quality: Quality;
  origin: "bus" | "assumed" | null;
  reason: string | null;
  rate: string;
  access: "read" | "write" | "read_write";
  writable: boolean;
  /** What is to be written and is not yet. */
  pending: Value | null;
  /** What it can be: labels, or limits in its unit. */
  labels: string[] | null;
  min: number | null;
  max: number | null;
  /** Decimals that it is told with; left out = those that a value needs. */
  precision?: number | null;
}

export interface Told {
  device: string;
  name: string;
  available: boolean;
  /** Grows with every round of reads. */
  version: number;
  registers: Register[];
}

export interface Written {
  /** False = it waits until the device can be reached. */
  written: boolean;
  before: Record<string, Value | null>;
  after: Record<string, Value | null>;
}

/** Call a service of Modbus devices and return what it answers. */
export async function call<T>(service: string, data: object = {}): Promise<T> {
  const message = { type: "call_service", domain: "modbus", service, service_data: data, return_response: true };
  return (await hub().link.ask<{ response: T }>(message)).response;
}
