import { type AnswerSchema, exampleOf } from './example-of.ts'

interface Content {
  schema?: AnswerSchema
  example?: unknown
}

/** The part of an OpenAPI document that is read here. */
export interface AnswersDocument {
  readonly components?: { readonly schemas?: object }
  readonly paths?: object
}

type Methods = Readonly<Record<string, { readonly responses?: Readonly<Record<string, Answer>> }>>

interface Answer {
  readonly content?: Readonly<Record<string, Content>>
}

/** Gives every successful JSON answer of the document an example, unless its route has one of its own. Changes the document. */
export function addAnswerExamples<Document extends AnswersDocument>(document: Document): Document {
  const definitions = (document.components?.schemas ?? {}) as Readonly<Record<string, AnswerSchema>>
  for (const [path, methods] of Object.entries((document.paths ?? {}) as Readonly<Record<string, Methods>>)) {
    const subject = subjectOf(path)
    for (const content of Object.values(methods).flatMap(successfulJson)) {
      if (content.schema !== undefined) content.example ??= exampleOf(content.schema, { subject, definitions })
    }
  }
  return document
}

/** The last word of an address: `jobs` for `/api/v1/admin/jobs/{id}`. */
function subjectOf(path: string): string {
  return path.split('/').findLast((part) => part !== '' && !part.startsWith('{')) ?? ''
}

function successfulJson({ responses = {} }: Methods[string]): Content[] {
  const successful = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  return successful.flatMap(([, { content }]) => content?.['application/json'] ?? [])
}
