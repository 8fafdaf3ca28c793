import { expect, test } from "vitest";
import type { Clock } from "../../../src/live/ports.ts";
import { ManualClock } from "../../../src/live/session/clock.ts";
import { Line } from "../../../src/live/session/line.ts";

test("what goes on a line arrives in the order in which it left, whatever order the timers fire in", () => {
  const timers: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => 5,
    schedule: (_, action) => {
      timers.push(action);
      return () => undefined;
    },
  };
  const line = new Line(clock, 1);
  const arrived: number[] = [];
  for (let place = 0; place < 5; place++) line.send(() => arrived.push(place));
  for (const place of [3, 0, 4, 1, 2]) timers[place]!();
  expect(arrived).toEqual([0, 1, 2, 3, 4]);
});

test("everything on a line takes equally long, also what leaves while something arrives", () => {
  const clock = new ManualClock(0);
  const line = new Line(clock, 20);
  const arrived: (readonly [string, number])[] = [];
  const arrive = (name: string) => () => void arrived.push([name, clock.nowMs()]);
  line.send(() => {
    arrive("first")();
    line.send(arrive("third"));
  });
  clock.advanceTo(7);
  line.send(arrive("second"));
  clock.advanceTo(100);
  expect(arrived).toEqual([
    ["first", 20],
    ["second", 27],
    ["third", 40],
  ]);
});
