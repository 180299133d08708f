/** A type of a variable. */
export type TypeConstraint =
  | { readonly kind: 'any' | 'string' | 'number' | 'bool' }
  | { readonly kind: 'list' | 'set' | 'map'; readonly element: TypeConstraint }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeConstraint[] }
  | { readonly kind: 'object'; readonly attributes: ReadonlyMap<string, ObjectAttribute> }

export interface ObjectAttribute {
  readonly type: TypeConstraint
  readonly optional: boolean
  /** Expression in the second argument of `optional`; undefined when there is none. */
  readonly default: string | undefined
}

const MAX_DEPTH = 50
const BLANK = /(?:\s|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
const WORD = /[A-Za-z_][\w-]*|"(?:[^"\\]|\\.)*"/y
const COLLECTIONS = ['list', 'set', 'map'] as const

/** A text that is no type. */
class UnknownTypeError extends Error {}

/**
 * Reads the text of a type constraint; undefined when it is none that we understand. `list` alone means `list(any)`, as in Terraform.
 * Source: https://developer.hashicorp.com/terraform/language/expressions/type-constraints
 */
export function parseTypeConstraint(text: string): TypeConstraint | undefined {
  try {
    return new TypeReader(text).readAll()
  } catch (error) {
    if (error instanceof UnknownTypeError) return undefined
    throw error
  }
}

class TypeReader {
  readonly #text: string
  #offset = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  readAll(): TypeConstraint {
    const type = this.#readType()
    if (this.#peek() !== '') throw new UnknownTypeError()
    return type
  }

  #readType(): TypeConstraint {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw new UnknownTypeError()
    const type = this.#readKind(this.#readWord())
    this.#depth -= 1
    return type
  }

  #readKind(word: string): TypeConstraint {
    if (word === 'any' || word === 'string' || word === 'number' || word === 'bool') return { kind: word }
    const collection = COLLECTIONS.find((known) => known === word)
    if (collection !== undefined) {
      if (!this.#take('(')) return { kind: collection, element: { kind: 'any' } }
      const element = this.#readType()
      this.#expect(')')
      return { kind: collection, element }
    }
    if (word === 'tuple') return this.#readTuple()
    if (word === 'object') return this.#readObject()
    throw new UnknownTypeError()
  }

  #readTuple(): TypeConstraint {
    const elements: TypeConstraint[] = []
    this.#expect('(')
    this.#expect('[')
    while (!this.#take(']')) {
      elements.push(this.#readType())
      this.#take(',')
    }
    this.#expect(')')
    return { kind: 'tuple', elements }
  }

  #readObject(): TypeConstraint {
    const attributes = new Map<string, ObjectAttribute>()
    this.#expect('(')
    this.#expect('{')
    while (!this.#take('}')) {
      const name = this.#readWord().replace(/^"|"$/g, '')
      if (!this.#take('=')) this.#expect(':')
      attributes.set(name, this.#readAttribute())
      this.#take(',')
    }
    this.#expect(')')
    return { kind: 'object', attributes }
  }

  #readAttribute(): ObjectAttribute {
    const start = this.#offset
    if (this.#readWord() !== 'optional') {
      this.#offset = start
      return { type: this.#readType(), optional: false, default: undefined }
    }
    this.#expect('(')
    const type = this.#readType()
    const fallback = this.#take(',') ? this.#readExpression() : undefined
    this.#expect(')')
    return { type, optional: true, default: fallback }
  }

  /** Any expression, up to the bracket that closes what it stands in. */
  #readExpression(): string {
    this.#peek()
    const start = this.#offset
    for (let open = 0; this.#offset < this.#text.length; this.#offset += 1) {
      const character = this.#text.charAt(this.#offset)
      if (character === '"') {
        this.#readWord()
        this.#offset -= 1
      } else if ('([{'.includes(character)) open += 1
      else if (')]}'.includes(character)) open -= 1
      if (open < 0) break
    }
    return this.#text.slice(start, this.#offset).trim()
  }

  #readWord(): string {
    this.#peek()
    WORD.lastIndex = this.#offset
    const word = WORD.exec(this.#text)?.[0]
    if (word === undefined) throw new UnknownTypeError()
    this.#offset += word.length
    return word
  }

  #peek(): string {
    BLANK.lastIndex = this.#offset
    this.#offset += BLANK.exec(this.#text)?.[0].length ?? 0
    return this.#text.charAt(this.#offset)
  }

  #take(character: string): boolean {
    const found = this.#peek() === character
    if (found) this.#offset += 1
    return found
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw new UnknownTypeError()
  }
}
