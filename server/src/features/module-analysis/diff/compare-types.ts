import { type ObjectAttribute, parseTypeConstraint, type TypeConstraint } from './type-constraint.ts'

/** How the type of a variable changed. */
export interface TypeChange {
  readonly breaking: boolean
  readonly why: string
}

type Kind<Name extends TypeConstraint['kind']> = Extract<TypeConstraint, { readonly kind: Name }>

/**
 * Compares two texts of types; undefined when they mean the same. A change is breaking when a value that the old type took is refused,
 * or when a part of it is not looked at any more.
 */
export function compareTypes(from: string, to: string): TypeChange | undefined {
  const [oldType, newType] = [parseTypeConstraint(from), parseTypeConstraint(to)]
  if (oldType === undefined || newType === undefined) {
    return plain(from) === plain(to) ? undefined : { breaking: true, why: 'the type is another one' }
  }
  if (canonical(oldType) === canonical(newType)) return undefined
  const lost = explainLoss(oldType, newType, '')
  return lost === undefined ? { breaking: false, why: 'it takes all that it took before' } : { breaking: true, why: lost }
}

/** From which kinds Terraform converts to a kind; to the others only from themselves. */
const CONVERTIBLE: Readonly<Partial<Record<TypeConstraint['kind'], readonly TypeConstraint['kind'][]>>> = {
  string: ['string', 'number', 'bool'],
  list: ['list', 'set', 'tuple'],
  set: ['list', 'set', 'tuple'],
  map: ['map', 'object'],
  tuple: [],
  object: [],
}

/**
 * Why values of the old type do not fit the new one; undefined when all of them do. Terraform converts numbers and truth values to
 * texts, lists to sets and back, objects to maps. `place` is an attribute path such as `.a.b`.
 */
function explainLoss(from: TypeConstraint, to: TypeConstraint, place: string): string | undefined {
  if (to.kind === 'any') return undefined
  if (from.kind === 'any') return `${subject(place)} took any type and now only ${describe(to)}`
  if (to.kind === 'object' && from.kind === 'object') return explainLostAttributes(from, to, place)
  if (to.kind === 'tuple' && from.kind === 'tuple' && from.elements.length === to.elements.length) {
    return first(to.elements.map((element, index) => explainLoss(from.elements[index] ?? element, element, `${place}[${index}]`)))
  }
  if (!(CONVERTIBLE[to.kind] ?? [to.kind]).includes(from.kind)) return `${subject(place)} was ${describe(from)} and is ${describe(to)}`
  return 'element' in to ? first(partsOf(from).map((part) => explainLoss(part, to.element, `${place}[…]`))) : undefined
}

function explainLostAttributes(from: Kind<'object'>, to: Kind<'object'>, place: string): string | undefined {
  const gone = [...from.attributes.keys()].find((name) => !to.attributes.has(name))
  if (gone !== undefined) return `attribute "${pathOf(place, gone)}" is not looked at any more`
  return first(
    [...to.attributes].map(([name, attribute]) => explainLostAttribute(from.attributes.get(name), attribute, `${place}.${name}`)),
  )
}

function explainLostAttribute(from: ObjectAttribute | undefined, to: ObjectAttribute, place: string): string | undefined {
  if (!to.optional && from?.optional !== false) return `attribute "${place.slice(1)}" is required`
  return from && explainLoss(from.type, to.type, place)
}

function partsOf(type: TypeConstraint): readonly TypeConstraint[] {
  if (type.kind === 'tuple') return type.elements
  if (type.kind === 'object') return [...type.attributes.values()].map((attribute) => attribute.type)
  return 'element' in type ? [type.element] : []
}

function first(reasons: readonly (string | undefined)[]): string | undefined {
  return reasons.find((reason) => reason !== undefined)
}

function subject(place: string): string {
  return place === '' ? 'it' : `"${place.replace(/^\./, '')}"`
}

function pathOf(place: string, name: string): string {
  return `${place}.${name}`.slice(1)
}

function describe(type: TypeConstraint): string {
  return 'element' in type ? `${type.kind}(${describe(type.element)})` : type.kind
}

/** One text for all spellings of a type. */
function canonical(type: TypeConstraint): string {
  if ('element' in type) return `${type.kind}(${canonical(type.element)})`
  if (type.kind === 'tuple') return `tuple([${type.elements.map(canonical).join(',')}])`
  if (type.kind !== 'object') return type.kind
  const attributes = [...type.attributes].map(([name, { type: value, optional, default: fallback }]) => {
    const text = optional ? `optional(${canonical(value)},${plain(fallback ?? 'null')})` : canonical(value)
    return `${JSON.stringify(name)}=${text}`
  })
  return `object({${attributes.sort().join(',')}})`
}

function plain(text: string): string {
  return text.replace(/\s+/g, '')
}
