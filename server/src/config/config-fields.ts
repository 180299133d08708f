import { type TArray, type TBoolean, type TEnum, type TInteger, type TObject, type TProperties, type TString, Type } from 'typebox'

/** What a field tells beside its JSON Schema: for the reference page, the reader of variables and the masking. */
export interface FieldNotes {
  /** One or two sentences for the reference page. */
  readonly description: string
  /** Unit of the value, for the reference page. */
  readonly unit?: string
  /** Masked when shown, never quoted in a message, and readable from a file named by `<VARIABLE>_FILE`. */
  readonly secret?: true
  /** A path of this machine; a relative one is resolved against the working directory. */
  readonly filePath?: true
  /** The default in words, where the value alone does not tell. */
  readonly defaultNote?: string
  /** Documented variable names beside the one made from the key, in order of precedence. */
  readonly aliases?: readonly string[]
}

interface NumberNotes extends FieldNotes {
  readonly default: number
  readonly minimum: number
  readonly maximum: number
}

/** Text, empty by default. */
export function text(notes: FieldNotes & { readonly default?: string }): TString {
  return Type.String({ default: '', ...notes })
}

/** One word of a fixed list. */
export function choice<Values extends string[]>(
  values: readonly [...Values],
  notes: FieldNotes & { readonly default: string },
): TEnum<Values> {
  return Type.Enum([...values] as [...Values], { ...notes })
}

/** A whole number within bounds. */
export function wholeNumber(notes: NumberNotes): TInteger {
  return Type.Integer({ ...notes })
}

/** `true` or `false`. */
export function flag(notes: FieldNotes & { readonly default: boolean }): TBoolean {
  return Type.Boolean({ ...notes })
}

/** Texts; in a variable they are separated by commas. */
export function textList(notes: FieldNotes & { readonly default?: string[] }): TArray<TString> {
  return Type.Array(Type.String(), { default: [], ...notes })
}

/** Settings that stand together; any key that is not listed is refused. */
export function section<Properties extends TProperties>(description: string, properties: Properties): TObject<Properties> {
  return Type.Object(properties, { description, additionalProperties: false })
}
