import { expect, test } from "vitest";
import { createRandomStreams } from "../../../src/sim/time/random-streams.ts";

test("a stream repeats itself from the same seed and name, and differs from every other", () => {
  const draw = (seed: string, name: string): number[] => {
    const stream = createRandomStreams(seed).stream(name);
    return [stream.next(), stream.normal(), stream.next()];
  };
  expect(draw("42", "latency")).toEqual(draw("42", "latency"));
  expect(draw("42", "latency")).not.toEqual(draw("42", "fills"));
  expect(draw("42", "latency")).not.toEqual(draw("43", "latency"));
});

test("drawing from one stream leaves the others where they were", () => {
  const alone = createRandomStreams("s");
  const busy = createRandomStreams("s");
  for (let draw = 0; draw < 10; draw++) busy.stream("a").normal();
  expect(busy.stream("b").next()).toBe(alone.stream("b").next());
  expect(busy.stream("a")).toBe(busy.stream("a"));
});

test("a saved stream goes on where it stopped, between the two normals of a pair too", () => {
  const first = createRandomStreams("s");
  first.stream("a").normal();
  const saved = new Map(JSON.parse(JSON.stringify([...first.states()])));
  const second = createRandomStreams("s", saved as ReturnType<typeof first.states>);
  const rest = (streams: typeof first): number[] => {
    const stream = streams.stream("a");
    return [stream.normal(), stream.next(), stream.normal()];
  };
  expect(rest(second)).toEqual(rest(first));
});

test("uniforms and normals have the moments they promise", () => {
  const stream = createRandomStreams("moments").stream("a");
  const count = 100_000;
  let uniform = 0;
  let sum = 0;
  let squares = 0;
  let fourths = 0;
  for (let draw = 0; draw < count; draw++) {
    uniform += stream.next();
    const value = stream.normal();
    sum += value;
    squares += value * value;
    fourths += value * value * value * value;
  }
  expect(uniform / count).toBeCloseTo(0.5, 2);
  expect(sum / count).toBeCloseTo(0, 1);
  expect(squares / count).toBeCloseTo(1, 1);
  expect(Math.abs(fourths / count - 3)).toBeLessThan(0.15);
});

test("log-normals have their median and draw one normal each", () => {
  const stream = createRandomStreams("lognormal").stream("a");
  const values = Array.from({ length: 20_001 }, () => stream.lognormal(80, 0.4)).sort((left, right) => left - right);
  expect(Math.abs(values[10_000]! - 80)).toBeLessThan(1);
  const twin = createRandomStreams("s").stream("a");
  const other = createRandomStreams("s").stream("a");
  expect(twin.lognormal(80, 0.4)).toBe(80 * Math.exp(0.4 * other.normal()));
  expect(twin.next()).toBe(other.next());
});
