import { z } from "zod";
import { type Diagnosis, DOCTOR_QUESTIONS } from "./diagnosis.ts";

const texts = z.array(z.string());
const finding = z.strictObject({
  code: z.string(),
  severity: z.enum(["info", "warn", "error"]),
  symbol: z.string().nullable(),
  text: z.string(),
  evidence: z.record(z.string(), z.union([z.number(), z.string()])),
  command: z.string(),
  advice: z.string(),
  weight: z.number(),
});

/** `sim doctor --json`. */
export const doctorDocumentSchema = z
  .strictObject({
    schema: z.literal("sim.doctor/1"),
    source: z.strictObject({
      kind: z.enum(["run", "session", "recording", "rehearsal"]),
      name: z.string(),
      variant: z.string().nullable(),
      /** What stands in the way of a whole answer, such as a journal that was cut short. */
      gaps: texts,
    }),
    question: z.enum(DOCTOR_QUESTIONS).nullable(),
    symbol: z.string().nullable(),
    isAnswered: z.boolean(),
    answers: z.array(
      z.strictObject({
        question: z.enum(DOCTOR_QUESTIONS),
        symbol: z.string().nullable(),
        isAnswered: z.boolean(),
        answer: z.string(),
        causes: z.array(
          z.strictObject({
            reason: z.string(),
            share: z.number(),
            n: z.number(),
            meaning: z.string(),
            symbols: texts,
            example: z.string(),
          }),
        ),
        notTheCause: texts,
      }),
    ),
    evidence: z.array(finding),
    misleading: z.array(finding),
    others: z.array(finding),
    checks: z.strictObject({ error: z.number(), warn: z.number(), info: z.number() }),
    exit: z.strictObject({ code: z.number(), causes: z.array(z.number()) }),
  })
  .meta({ title: "Diagnosis of a run or a recording" });

export type DoctorDocument = z.infer<typeof doctorDocumentSchema>;

export function doctorDocument(source: DoctorDocument["source"], diagnosis: Diagnosis, code: number): DoctorDocument {
  // Through JSON: what has no number there (NaN, infinity) is told as text by the rules.
  const document = { schema: "sim.doctor/1", source, ...diagnosis, exit: { code, causes: code === 0 ? [] : [code] } };
  return doctorDocumentSchema.parse(JSON.parse(JSON.stringify(document)));
}

export function doctorJsonSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(doctorDocumentSchema), null, 2)}\n`;
}
