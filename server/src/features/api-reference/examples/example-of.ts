import { ARRAY_LENGTHS, exampleValue } from './example-values.ts'

/** The part of JSON Schema that our answers are described with. */
export interface AnswerSchema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly AnswerSchema[]
  readonly properties?: Readonly<Record<string, AnswerSchema>>
  readonly additionalProperties?: AnswerSchema | boolean
  readonly patternProperties?: Readonly<Record<string, AnswerSchema>>
  readonly items?: AnswerSchema
}

/** Where a value stands. */
interface Place {
  /** Of the member that holds it; that of the list for an entry of a list. */
  readonly name: string
  /** Name of the member that holds the object around it; `subject` for the answer itself and the `items` of its list. */
  readonly parent: string
  readonly depth: number
}

interface ExampleOptions {
  readonly subject: string
  readonly definitions: Readonly<Record<string, AnswerSchema>>
}

// Trees in answers (a module's folders) are shown down to here.
const MAX_DEPTH = 12

/**
 * An answer that fits the schema, with values that such members really have.
 *
 * @param options.subject what the answer is about: `jobs`
 * @param options.definitions what references name
 */
export function exampleOf(schema: AnswerSchema, { subject, definitions }: ExampleOptions): unknown {
  function make(reference: AnswerSchema, place: Place): unknown {
    const part = meantBy(reference, definitions)
    if (part.enum !== undefined) return part.enum[0]
    if (part.type === 'array') return makeList(part, place)
    if (part.type === 'object') return makeObject(part, place)
    return part.const ?? exampleValue(place, part.type)
  }

  function makeList({ items = {} }: AnswerSchema, place: Place): unknown[] {
    const length = place.depth > MAX_DEPTH ? 0 : (ARRAY_LENGTHS[place.name] ?? 1)
    const name = place.depth === 1 && place.name === 'items' ? subject : place.name
    return Array.from({ length }, () => make(items, { ...place, name, depth: place.depth + 1 }))
  }

  function makeObject({ properties, patternProperties = {}, additionalProperties }: AnswerSchema, { name, depth }: Place) {
    const inside = (member: string): Place => ({ name: member, parent: name, depth: depth + 1 })
    const members = Object.entries(properties ?? {}).map(([member, part]) => [member, make(part, inside(member))])
    const [other = additionalProperties] = Object.values(patternProperties)
    if (properties === undefined && typeof other === 'object') {
      const key = String(exampleValue({ name: `${name} key`, parent: '' }, 'string'))
      members.push([key, make(other, { name, parent: name, depth: depth + 1 })])
    }
    return Object.fromEntries(members) as Record<string, unknown>
  }

  return make(schema, { name: subject, parent: '', depth: 0 })
}

/** What stands behind a reference, and of several forms the first that is more than nothing. */
function meantBy(schema: AnswerSchema, definitions: Readonly<Record<string, AnswerSchema>>): AnswerSchema {
  const { $ref, anyOf } = schema
  const next = $ref === undefined ? anyOf?.find(({ type }) => type !== 'null') : definitions[$ref.split('/').at(-1) ?? '']
  return next === undefined ? schema : meantBy(next, definitions)
}
